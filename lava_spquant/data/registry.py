"""Data sets by name, for recipes and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lava_spquant.data.cifar10 import cifar10
from lava_spquant.data.digits import digits
from lava_spquant.data.emulated import CAMERAS, PREFIX, emulated
from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.event import EventData, FrameConfig
from lava_spquant.data.image import ImageData
from lava_spquant.data.mnist import mnist
from lava_spquant.data.recorded import RECORDINGS, recorded

__all__ = ["DATASETS", "EventLoader", "load"]

Path = str | os.PathLike[str] | None


@dataclass(frozen=True)
class EventLoader:
    """A data set of recordings, which become frames as asked.

    Parameters
    ----------
    load : callable
        Takes a path and a `FrameConfig`.
    """

    load: Callable[[Path, FrameConfig], EventData]

    def __call__(self, path: Path) -> EventData:
        """Load with frames as they are by default."""
        return self.load(path, FrameConfig())


def _digits(path: Path) -> ImageData:
    if path is not None:
        raise DataError(f"digits: path: found {path}, expected none: they ship with scikit-learn")
    return digits()


IMAGES: dict[str, Callable[[Path], ImageData]] = {"digits": _digits, "mnist": mnist, "cifar10": cifar10}


def _emulated(name: str, path: Path, frames: FrameConfig) -> EventData:
    return emulated(IMAGES[name](path), frames)


DATASETS: dict[str, Callable[[Path], ImageData] | EventLoader] = {
    **IMAGES,
    **{f"{PREFIX}{name}": EventLoader(partial(_emulated, name)) for name in CAMERAS},
    **{name: EventLoader(partial(recorded, known)) for name, known in RECORDINGS.items()},
}
"""Every data set that a recipe can name; to add one, write a loader and enter it here."""


def load(name: str, path: Path = None, frames: FrameConfig | None = None) -> ImageData | EventData:
    """Load the data set `name`.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    path : path-like, optional
        Where its files lie; None lets the loader search.
    frames : FrameConfig, optional
        What the frames of recordings are like; images have none.

    Raises
    ------
    DataError
        If there is no such data set, or it cannot be loaded.
    """
    expect_data(name in DATASETS, "data", "name", found=repr(name), expected=f"one of {sorted(DATASETS)}")
    loader = DATASETS[name]
    if isinstance(loader, EventLoader):
        return loader.load(path, frames or FrameConfig())
    return loader(path)
