"""MNIST from idx files or an `.npz` archive, wherever the reader keeps it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.idx import read_idx
from lava_spquant.data.image import ImageData, ImageSplit
from lava_spquant.data.npz import read_npz

__all__ = ["DATA_ENV", "data_folders", "mnist"]

DATA_ENV = "LAVA_SPQUANT_DATA"
"""Environment variable that names a folder (or MNIST file) to look in first."""

SIDE = 28
NUM_CLASSES = 10
MAX_IMAGES = 100_000
"""MNIST holds 60,000; a header that claims far more is damaged or hostile."""

SUBFOLDERS = ("", "mnist", "MNIST", "MNIST/raw")
"""Where inside a folder MNIST may lie; the last is torchvision's layout."""

SPLITS = {"train": "train", "test": "t10k"}
HOW_TO_GET = (
    "call lava_spquant.data.mnist(download=True) (needs torchvision), or put the four idx files "
    f"(train-images-idx3-ubyte, ..., plain or .gz) or mnist.npz into a folder and name it in {DATA_ENV}"
)


def mnist(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> ImageData:
    """Load MNIST: 60,000 training and 10,000 test images of shape (1, 28, 28), 8 bits, 10 classes.

    Parameters
    ----------
    path : path-like, optional
        A folder with the four idx files (`train-images-idx3-ubyte` or `train-images.idx3-ubyte`
        and so on, plain or `.gz`) or with `mnist.npz`; or an `.npz` file with `train_images`,
        `train_labels`, `test_images`, `test_labels`. By default the folders of `data_folders`
        are searched.
    download : bool
        Where no copy is found, fetch one with torchvision into `path`, or into
        `~/.cache/lava_spquant`.

    Returns
    -------
    ImageData

    Raises
    ------
    DataError
        If no copy is found, or one is damaged; the message tells how to get MNIST.
    """
    places = [Path(path).expanduser()] if path is not None else data_folders()
    for place in places:
        found = _load_from(place)
        if found is not None:
            return found
    if download:
        return _download(places[-1])
    tried = ", ".join(str(p) for p in places)
    raise DataError(f"MNIST: found nothing in {tried}; {HOW_TO_GET}")


def data_folders() -> list[Path]:
    """Return the places that are searched: $LAVA_SPQUANT_DATA, ./data, ~/.cache/lava_spquant."""
    named = os.environ.get(DATA_ENV)
    first = [Path(named).expanduser()] if named else []
    return [*first, Path("data"), Path.home() / ".cache" / "lava_spquant"]


def _load_from(place: Path) -> ImageData | None:
    if place.is_file():
        return _from_npz(place)
    for folder in (place / sub for sub in SUBFOLDERS):
        if (folder / "mnist.npz").is_file():
            return _from_npz(folder / "mnist.npz")
        if _find_idx(folder, "train-images", 3) is not None:
            return _from_idx(folder)
    return None


def _from_npz(path: Path) -> ImageData:
    shapes: dict[str, tuple[int, ...]] = {"images": (SIDE, SIDE), "labels": ()}
    wanted = {f"{split}_{what}": shape for split in SPLITS for what, shape in shapes.items()}
    arrays = read_npz(path, wanted, MAX_IMAGES)
    splits = []
    for name in SPLITS:
        images = arrays[f"{name}_images"]
        expect_data(images.dtype == np.uint8, f"{path}: {name}_images", "dtype", found=images.dtype, expected="uint8")
        pixels = images[:, np.newaxis].astype(np.uint8, copy=False)
        labels = arrays[f"{name}_labels"].astype(np.int64)
        splits.append(ImageSplit(pixels, labels, NUM_CLASSES, source=str(path)))
    return ImageData("mnist", *splits)


def _from_idx(folder: Path) -> ImageData:
    splits = []
    for prefix in SPLITS.values():
        images = read_idx(_require_idx(folder, f"{prefix}-images", 3), 3, MAX_IMAGES, (SIDE, SIDE))
        labels = read_idx(_require_idx(folder, f"{prefix}-labels", 1), 1, MAX_IMAGES, ())
        source = str(folder / f"{prefix}-images")
        splits.append(ImageSplit(images[:, np.newaxis], labels.astype(np.int64), NUM_CLASSES, source=source))
    return ImageData("mnist", *splits)


def _find_idx(folder: Path, stem: str, ndim: int) -> Path | None:
    names = (f"{stem}{sep}idx{ndim}-ubyte{gz}" for gz in ("", ".gz") for sep in "-.")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _require_idx(folder: Path, stem: str, ndim: int) -> Path:
    path = _find_idx(folder, stem, ndim)
    if path is None:
        raise DataError(f"{folder}: found no {stem}-idx{ndim}-ubyte, expected all four idx files; {HOW_TO_GET}")
    return path


def _download(folder: Path) -> ImageData:
    try:
        from torchvision.datasets import MNIST  # type: ignore[import-untyped]  # optional, needed here only
    except ImportError as error:
        raise DataError(f"MNIST: download needs torchvision, not importable here: {error}; {HOW_TO_GET}") from error
    try:
        MNIST(root=str(folder), download=True)
    except (OSError, RuntimeError) as error:
        raise DataError(f"MNIST: download into {folder} failed: {error}") from error
    found = _load_from(folder)
    if found is None:
        raise DataError(f"MNIST: torchvision left no idx files in {folder}; {HOW_TO_GET}")
    return found
