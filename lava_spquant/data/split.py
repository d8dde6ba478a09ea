"""What every labelled split offers, whatever its samples are: its labels, parts of it, a network's input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data

__all__ = ["Labels", "Pixels", "Split", "batches", "check_labels", "holdout", "read_only"]

Pixels = NDArray[np.uint8]
"""Images, uint8, shape (N, C, H, W)."""

Labels = NDArray[np.int64]
"""Class indices, int64, shape (N,)."""

S = TypeVar("S", bound="Split")


class Split(Protocol):
    """Labelled samples; `ImageSplit` and `EventSplit` are such."""

    @property
    def labels(self) -> Labels:
        """Classes, int64, shape (N,)."""

    @property
    def num_classes(self) -> int:
        """Number of classes."""

    @property
    def bits(self) -> int:
        """Width of a value: 1 for spikes, up to 8 for graded values."""

    @property
    def source(self) -> str:
        """Where the samples come from."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what a network reads at one step."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def take(self: S, indices: NDArray[np.integer[Any]] | slice) -> S:
        """Return the split that holds the samples at `indices`, in that order."""

    def inputs(self, steps: int) -> NDArray[Any]:
        """Return what a network reads, (T, N, C, H, W) with T = `steps`."""


def holdout(split: S, samples: int, seed: int = 0) -> tuple[S, S]:
    """Set aside `samples` of a split, drawn so that every class keeps its share.

    Use it to choose an epoch or a hyper-parameter without looking at the test samples.

    Parameters
    ----------
    split : ImageSplit or EventSplit
    samples : int
        Size of the second part.
    seed : int
        The same seed gives the same parts.

    Returns
    -------
    rest, held_out
        Splits like `split`, disjoint, each in its order.

    Raises
    ------
    DataError
        If a part would hold fewer samples than there are classes, or a class has one sample only.
    """
    from sklearn.model_selection import train_test_split  # slow to import, and needed here only

    try:
        everyone = np.arange(len(split))
        rest, held = train_test_split(everyone, test_size=samples, random_state=seed, stratify=split.labels)
    except ValueError as error:
        raise DataError(f"{split.source}: cannot hold out {samples} of {len(split)} samples: {error}") from error
    return split.take(np.sort(rest)), split.take(np.sort(held))


def batches(split: S, size: int) -> Iterator[S]:
    """Yield `split` in chunks of `size` samples, in order, the last one as long as what is left.

    Raises
    ------
    DataError
        If `size` is not a positive number.

    Examples
    --------
    >>> from lava_spquant.data import ImageSplit
    >>> split = ImageSplit(np.zeros((5, 1, 2, 2), np.uint8), np.zeros(5, int), num_classes=2)
    >>> [len(chunk) for chunk in batches(split, 2)]
    [2, 2, 1]
    """
    expect_data(size >= 1, "batches", "size", found=size, expected="at least 1")
    return (split.take(slice(start, start + size)) for start in range(0, len(split), size))


def check_labels(labels: NDArray[Any], samples: int, num_classes: int, where: str) -> Labels:
    """Return `labels` as int64, read-only, one class in 0..num_classes-1 for each of `samples`.

    Raises
    ------
    DataError
        If they are anything else.
    """
    expect_data(labels.dtype.kind in "iu", where, "labels dtype", found=labels.dtype, expected="integers")
    expect_data(labels.shape == (samples,), where, "labels shape", found=labels.shape, expected=(samples,))
    expect_data(num_classes >= 2, where, "num_classes", found=num_classes, expected="at least 2")
    good = int(labels.min()) >= 0 and int(labels.max()) < num_classes
    found = f"{labels.min()}..{labels.max()}"
    expect_data(good, where, "labels", found=found, expected=f"0..{num_classes - 1}")
    return read_only(labels.astype(np.int64))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a C-contiguous array that nobody can write to; one that already is so is not copied."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    if array.flags.c_contiguous and not base.flags.writeable:
        return array
    copy = np.array(array, order="C", copy=True)
    copy.flags.writeable = False
    return copy
