"""Labelled images: one split of a data set, and a data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data

__all__ = ["ImageData", "ImageSplit", "Labels", "Pixels", "batches", "holdout"]

Pixels = NDArray[np.uint8]
"""Images, uint8, shape (N, C, H, W)."""

Labels = NDArray[np.int64]
"""Class indices, int64, shape (N,)."""

PIXEL_BITS = 8


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """Images with their classes; read-only, so that no augmentation can leak into the data.

    Parameters
    ----------
    images : numpy.ndarray, uint8, shape (N, C, H, W)
        Copied only where it is not contiguous or could be written to elsewhere.
    labels : numpy.ndarray of int, shape (N,)
        Classes in 0..num_classes-1, kept as int64.
    num_classes : int
    bits : int
        Width of a pixel, 1..8: values lie in 0..2**bits-1, the range of the network's graded input.
    source : str
        Where the images come from, for logs and reports.

    Raises
    ------
    DataError
        If a field has the wrong dtype, shape, length or range.

    Examples
    --------
    >>> split = ImageSplit(np.zeros((2, 1, 4, 3), np.uint8), np.array([0, 1]), num_classes=2)
    >>> len(split), split.shape
    (2, (1, 4, 3))
    """

    images: Pixels
    labels: Labels
    num_classes: int
    bits: int = PIXEL_BITS
    source: str = "memory"

    def __post_init__(self) -> None:
        images, labels, where = np.asarray(self.images), np.asarray(self.labels), self.source
        expect_data(images.dtype == np.uint8, where, "images dtype", found=images.dtype, expected="uint8")
        good = images.ndim == 4 and min(images.shape) > 0
        expect_data(good, where, "images shape", found=images.shape, expected="(N, C, H, W), each at least 1")
        expect_data(1 <= self.bits <= PIXEL_BITS, where, "bits", found=self.bits, expected=f"1..{PIXEL_BITS}")
        top = 2**self.bits - 1
        expect_data(int(images.max()) <= top, where, "largest pixel", found=images.max(), expected=f"at most {top}")
        expect_data(labels.dtype.kind in "iu", where, "labels dtype", found=labels.dtype, expected="integers")
        length = images.shape[:1]
        expect_data(labels.shape == length, where, "labels shape", found=labels.shape, expected=length)
        expect_data(self.num_classes >= 2, where, "num_classes", found=self.num_classes, expected="at least 2")
        good = int(labels.min()) >= 0 and int(labels.max()) < self.num_classes
        found = f"{labels.min()}..{labels.max()}"
        expect_data(good, where, "labels", found=found, expected=f"0..{self.num_classes - 1}")
        object.__setattr__(self, "images", _read_only(images))
        object.__setattr__(self, "labels", _read_only(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def take(self, indices: NDArray[np.integer[Any]] | slice) -> ImageSplit:
        """Return the split that holds the images at `indices`, in that order."""
        return ImageSplit(self.images[indices], self.labels[indices], self.num_classes, self.bits, self.source)


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set: what to train on, and what to test on.

    Parameters
    ----------
    name : str
        Its name in the registry.
    train, test : ImageSplit

    Raises
    ------
    DataError
        If the splits differ in image shape, classes or pixel width.
    """

    name: str
    train: ImageSplit
    test: ImageSplit

    def __post_init__(self) -> None:
        kinds = [(s.shape, s.num_classes, s.bits) for s in (self.train, self.test)]
        what = "test (shape, num_classes, bits)"
        expect_data(kinds[0] == kinds[1], self.name, what, found=kinds[1], expected=f"those of train, {kinds[0]}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return self.train.shape

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return self.train.num_classes

    @property
    def bits(self) -> int:
        """Width of a pixel."""
        return self.train.bits


def holdout(split: ImageSplit, samples: int, seed: int = 0) -> tuple[ImageSplit, ImageSplit]:
    """Set aside `samples` images, drawn so that every class keeps its share.

    Use it to choose an epoch or a hyper-parameter without looking at the test images.

    Parameters
    ----------
    split : ImageSplit
    samples : int
        Size of the second part.
    seed : int
        The same seed gives the same parts.

    Returns
    -------
    rest, held_out : ImageSplit
        Disjoint, each in the order of `split`.

    Raises
    ------
    DataError
        If a part would hold fewer images than there are classes, or a class has one image only.
    """
    from sklearn.model_selection import train_test_split  # slow to import, and needed here only

    try:
        everyone = np.arange(len(split))
        rest, held = train_test_split(everyone, test_size=samples, random_state=seed, stratify=split.labels)
    except ValueError as error:
        raise DataError(f"{split.source}: cannot hold out {samples} of {len(split)} images: {error}") from error
    return split.take(np.sort(rest)), split.take(np.sort(held))


def batches(split: ImageSplit, size: int) -> Iterator[ImageSplit]:
    """Yield `split` in chunks of `size` images, in order, the last one as long as what is left.

    Raises
    ------
    DataError
        If `size` is not a positive number.

    Examples
    --------
    >>> split = ImageSplit(np.zeros((5, 1, 2, 2), np.uint8), np.zeros(5, int), num_classes=2)
    >>> [len(chunk) for chunk in batches(split, 2)]
    [2, 2, 1]
    """
    expect_data(size >= 1, "batches", "size", found=size, expected="at least 1")
    return (split.take(slice(start, start + size)) for start in range(0, len(split), size))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a C-contiguous array that nobody can write to; one that already is so is not copied."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    if array.flags.c_contiguous and not base.flags.writeable:
        return array
    copy = np.array(array, order="C", copy=True)
    copy.flags.writeable = False
    return copy
