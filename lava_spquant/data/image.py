"""Labelled images: one split of a data set, and a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.encode import repeat
from lava_spquant.data.errors import expect_data
from lava_spquant.data.split import Labels, Pixels, check_labels, read_only

__all__ = ["ImageData", "ImageSplit"]

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
        object.__setattr__(self, "images", read_only(images))
        object.__setattr__(self, "labels", check_labels(labels, len(images), self.num_classes, where))

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

    def inputs(self, steps: int) -> NDArray[np.int32]:
        """Return every image at each of `steps` time steps; see `repeat`."""
        return repeat(self.images, steps)


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
