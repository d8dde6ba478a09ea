"""CIFAR-10 from whichever of its distributions the reader has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.cifar10_files import PIXELS, SHAPE, read_binary, read_python
from lava_spquant.data.cifar10_jpeg import read_jpeg
from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.image import ImageData, ImageSplit
from lava_spquant.data.mnist import DATA_ENV, data_folders

__all__ = ["CLASSES", "cifar10"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

JPEG_ARCHIVE = "cifar10_jpeg.npz"
TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_FILES = ("test_batch",)

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""The binary distribution, and its checksum as its page states it."""

READERS = (("cifar-10-batches-bin", ".bin", read_binary), ("cifar-10-batches-py", "", read_python))
"""The original distributions: folder, suffix of its batches, and what reads one."""

SUBFOLDERS = ("", "cifar10", "cifar-10", "CIFAR10")
"""Where inside a folder CIFAR-10 may lie."""

HOW_TO_GET = (
    "call lava_spquant.data.cifar10(download=True) (needs torchvision), or put the folder cifar-10-batches-bin or "
    f"cifar-10-batches-py of the original distribution, or {JPEG_ARCHIVE}, into a folder and name it in {DATA_ENV}"
)

Records = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def cifar10(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> ImageData:
    """Load CIFAR-10: 50,000 training and 10,000 test images of shape (3, 32, 32), RGB, 8 bits, 10 classes.

    Three distributions are read: the binary one (`data_batch_1.bin` and so on); the Python one, whose pickles are
    parsed and never unpickled; and an archive of JPEG images, whose pixels differ a little from the original's, so that
    figures measured on it must say so. Where a folder holds several, the first of these wins; `source` of the splits
    names it.

    Parameters
    ----------
    path : path-like, optional
        A folder with one of them, or the archive: an `.npz` file with `train_jpeg` (the files one after the other),
        `train_offsets` (where each begins, and the end), `train_labels`, and the same for `test`. By default the
        folders of `data_folders` are searched.
    download : bool
        Where no copy is found, fetch one with torchvision into `path`, or into `~/.cache/lava_spquant`.

    Returns
    -------
    ImageData

    Raises
    ------
    DataError
        If no copy is found, or one is damaged; the message tells how to get CIFAR-10.
    """
    places = [Path(path).expanduser()] if path is not None else data_folders()
    for place in places:
        found = _load_from(place)
        if found is not None:
            return found
    if download:
        return _download(places[-1])
    tried = ", ".join(str(p) for p in places)
    raise DataError(f"CIFAR-10: found nothing in {tried}; {HOW_TO_GET}")


def _load_from(place: Path) -> ImageData | None:
    if place.is_file():
        return _from_jpeg(place)
    for folder in (place / sub for sub in SUBFOLDERS):
        for inner, suffix, read in READERS:
            for batches in (folder, folder / inner):
                if (batches / f"{TRAIN_FILES[0]}{suffix}").is_file():
                    return _from_batches(batches, suffix, read)
        if (folder / JPEG_ARCHIVE).is_file():
            return _from_jpeg(folder / JPEG_ARCHIVE)
    return None


def _from_batches(folder: Path, suffix: str, read: Callable[[Path], Records]) -> ImageData:
    def split(names: tuple[str, ...]) -> ImageSplit:
        parts = []
        for name in names:
            file = folder / f"{name}{suffix}"
            if not file.is_file():
                raise DataError(f"{folder}: found no {file.name}, expected all six batches; {HOW_TO_GET}")
            parts.append(read(file))
        pixels, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
        return _split(pixels, labels, str(folder))

    return ImageData("cifar10", split(TRAIN_FILES), split(TEST_FILES))


def _from_jpeg(path: Path) -> ImageData:
    splits = (_split(*read_jpeg(path, name), f"{path} (JPEG)") for name in ("train", "test"))
    return ImageData("cifar10", *splits)


def _split(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], source: str) -> ImageSplit:
    expect_data(pixels.shape[1:] == (PIXELS,), source, "pixels", found=pixels.shape, expected=f"(N, {PIXELS})")
    return ImageSplit(pixels.reshape(-1, *SHAPE), labels.astype(np.int64), len(CLASSES), source=source)


def _download(folder: Path) -> ImageData:
    try:
        from torchvision.datasets.utils import (  # type: ignore[import-untyped]  # optional, needed here only
            download_and_extract_archive,
        )
    except ImportError as error:
        raise DataError(f"CIFAR-10: download needs torchvision, not importable here: {error}; {HOW_TO_GET}") from error
    try:
        download_and_extract_archive(URL, str(folder), md5=MD5)
    except (OSError, RuntimeError) as error:
        raise DataError(f"CIFAR-10: download into {folder} failed: {error}") from error
    found = _load_from(folder)
    if found is None:
        raise DataError(f"CIFAR-10: the download left no batches in {folder}; {HOW_TO_GET}")
    return found
