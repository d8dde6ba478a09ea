"""CIFAR-10 from an archive of JPEG images, decoded once and kept in the cache."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.cache import Rows, cache_key, default_cache
from lava_spquant.data.cifar10_files import PIXELS, SHAPE
from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.npz import read_npz

__all__ = ["read_jpeg"]

MAX_IMAGES = 100_000
MAX_BYTES = 2**29
"""Of all images of a split together; the training split has 46 MB."""

PART = 1000
"""Images decoded at a time."""


def read_jpeg(path: Path, split: str) -> tuple[Rows, NDArray[np.uint8]]:
    """Read one split of the archive.

    Parameters
    ----------
    path : Path
        An `.npz` file with `<split>_jpeg` (uint8, the images one after the other), `<split>_offsets` (where each
        begins, and the end of the last) and `<split>_labels`.
    split : {"train", "test"}

    Returns
    -------
    pixels : numpy.ndarray, uint8, shape (N, 3072)
    labels : numpy.ndarray, uint8, shape (N,)

    Raises
    ------
    DataError
        If the archive or an image is damaged, or an image is not 32x32 RGB.
    """
    where = f"{path}: {split}"
    names = [f"{split}_{what}" for what in ("offsets", "labels")]
    arrays = read_npz(path, dict.fromkeys(names, ()), MAX_IMAGES + 1)
    data = read_npz(path, {f"{split}_jpeg": ()}, MAX_BYTES)[f"{split}_jpeg"]
    offsets, labels = (arrays[name] for name in names)
    for name, array in ((f"{split}_jpeg", data), (names[1], labels)):
        expect_data(array.dtype == np.uint8, f"{path}: {name}", "dtype", found=array.dtype, expected="uint8")
    expect_data(len(offsets) == len(labels) + 1, where, "offsets", found=len(offsets), expected=len(labels) + 1)
    ends = offsets.astype(np.int64)
    good = ends[0] == 0 and ends[-1] == len(data) and bool((np.diff(ends) > 0).all())
    expect_data(bool(good), where, "offsets", found="others", expected=f"an increasing sequence 0..{len(data)}")
    images = data.astype(np.uint8, copy=False)
    key = cache_key("cifar10-jpeg", images, ends)
    pixels = default_cache().rows(key, len(labels), PIXELS, lambda: _decode(images, ends, where))
    return pixels, labels.astype(np.uint8)


def _decode(data: NDArray[np.uint8], ends: NDArray[np.int64], where: str) -> Iterator[Rows]:
    raw = data.tobytes()
    for start in range(0, len(ends) - 1, PART):
        numbers = range(start, min(start + PART, len(ends) - 1))
        yield np.stack([_pixels(raw[ends[k] : ends[k + 1]], f"{where} image {k}") for k in numbers])


def _pixels(image: bytes, where: str) -> NDArray[np.uint8]:
    """Decode one image to red, green and blue planes in a row, after looking at its header."""
    from PIL import Image, UnidentifiedImageError  # needed here only

    try:
        with Image.open(io.BytesIO(image), formats=("JPEG",)) as opened:
            found = (opened.mode, *opened.size)
            expect_data(found == ("RGB", *SHAPE[:0:-1]), where, "image", found=found, expected="RGB, 32x32")
            return np.asarray(opened).transpose(2, 0, 1).ravel()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataError(f"{where}: found damaged ({error}), expected a JPEG image") from error
