"""Data sets by name, for recipes and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable

from lava_spquant.data.digits import digits
from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.image import ImageData
from lava_spquant.data.mnist import mnist

__all__ = ["DATASETS", "load"]

Path = str | os.PathLike[str] | None


def _digits(path: Path) -> ImageData:
    if path is not None:
        raise DataError(f"digits: path: found {path}, expected none: they ship with scikit-learn")
    return digits()


DATASETS: dict[str, Callable[[Path], ImageData]] = {"digits": _digits, "mnist": mnist}
"""Every data set that a recipe can name; to add one, write a loader and enter it here."""


def load(name: str, path: Path = None) -> ImageData:
    """Load the data set `name`.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    path : path-like, optional
        Where its files lie; None lets the loader search.

    Raises
    ------
    DataError
        If there is no such data set, or it cannot be loaded.
    """
    expect_data(name in DATASETS, "data", "name", found=repr(name), expected=f"one of {sorted(DATASETS)}")
    return DATASETS[name](path)
