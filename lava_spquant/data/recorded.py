"""Recordings of real event cameras, read by tonic (extra `events`) and kept in the cache as frames."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lava_spquant.data.cache import Rows, cache_key, default_cache
from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.event import EventData, EventSplit, FrameConfig
from lava_spquant.data.frames import POLARITIES, Cut, frames_of
from lava_spquant.data.mnist import DATA_ENV, data_folders
from lava_spquant.data.packing import FrameShape, pack_frames, packed_bytes
from lava_spquant.data.split import holdout

__all__ = ["RECORDINGS", "Recordings", "recorded"]

SPLIT_SEED = 2024
PART = 16
"""Recordings decoded at a time."""


@dataclass(frozen=True)
class Recordings:
    """A published data set of recordings.

    Parameters
    ----------
    name : str
        Its name in the registry.
    tonic : str
        The class of `tonic.datasets` that reads it, and the folder in which that looks.
    classes : int
    samples : tuple of int
        How many recordings it has: (train, test), or (all,) where it comes without a split. One in ten of every class
        is then set aside for the test, drawn with a fixed seed: the literature on spiking networks uses such 9:1 splits
        of its own.
    sensor : (height, width)
    size : int
        Height and width of the frames by default; 0 is the sensor's.
    cut : {"time", "count"}
        Whether the T frames last equally long or hold equally many events.
    """

    name: str
    tonic: str
    classes: int
    samples: tuple[int, ...]
    sensor: tuple[int, int]
    size: int = 0
    cut: Cut = "count"


RECORDINGS = {
    known.name: known
    for known in (
        Recordings("n-mnist", "NMNIST", 10, (60_000, 10_000), (34, 34), cut="time"),
        Recordings("dvs-cifar10", "CIFAR10DVS", 10, (10_000,), (128, 128), size=48),
        Recordings("n-caltech101", "NCALTECH101", 101, (8_709,), (180, 240), size=48),
        Recordings("dvs-gesture", "DVSGesture", 11, (1_077, 264), (128, 128), size=48),
    )
}
"""Every data set of recordings; the frames of N-MNIST follow its saccades in time."""


def recorded(known: Recordings, path: str | os.PathLike[str] | None, frames: FrameConfig) -> EventData:
    """Load a data set of recordings as frames.

    Parameters
    ----------
    known : Recordings
        A value of `RECORDINGS`.
    path : path-like, optional
        Tonic's folder of this data set (`NMNIST`, with `Train` and `Test` in it, and so on), in which the published
        archives were unpacked, or the folder that holds it. By default the folders of `data_folders` are searched.
        Nothing is downloaded.
    frames : FrameConfig

    Returns
    -------
    EventData

    Raises
    ------
    DataError
        If tonic is not installed, or the recordings are missing, incomplete or damaged.
    """
    folder = _find(known, path)
    frames = FrameConfig(frames.steps, frames.bits, frames.size or known.size)
    if len(known.samples) == 2:
        parts = (_split(known, folder, frames, {"train": train}, k) for k, train in enumerate((True, False)))
        return EventData(known.name, *parts)
    everything = _split(known, folder, frames, {}, 0)
    return EventData(known.name, *holdout(everything, len(everything) // 10, SPLIT_SEED))


def _find(known: Recordings, path: str | os.PathLike[str] | None) -> Path:
    places = [Path(path).expanduser()] if path is not None else data_folders()
    for place in places:
        if (place / known.tonic).is_dir():
            return place
        if place.name == known.tonic and place.is_dir():
            return place.parent
    tried = ", ".join(str(place / known.tonic) for place in places)
    raise DataError(
        f"{known.name}: found none of {tried}; unpack it there as tonic.datasets.{known.tonic} does, and name the "
        f"folder above in {DATA_ENV}"
    )


def _split(known: Recordings, folder: Path, frames: FrameConfig, options: dict[str, bool], part: int) -> EventSplit:
    """Return one split, decoded unless the cache holds it."""
    recordings = _open(known, folder, options)
    by_name = sorted(range(len(recordings.data)), key=lambda k: str(recordings.data[k]))
    # Names begin with the class, and whoever takes the first thousand shall not get one class only.
    files = [by_name[k] for k in np.random.default_rng(SPLIT_SEED).permutation(len(by_name))]
    source = str(folder / known.tonic)
    expected = f"{known.samples[part]}; unpack the whole archive"
    expect_data(len(files) == known.samples[part], source, "recordings", found=len(files), expected=expected)
    labels = _labels([recordings.targets[k] for k in files])
    side = (frames.size or known.sensor[0], frames.size or known.sensor[1])
    shape: FrameShape = (frames.steps, POLARITIES, *side)
    # Hashing gigabytes takes longer than decoding them: names, sizes and times stand for the contents.
    found = [_about(Path(recordings.data[k]), folder) for k in files]
    key = cache_key(known.name, found, known.cut, frames)

    def decode() -> Iterator[Rows]:
        for start in range(0, len(files), PART):
            chosen = files[start : start + PART]
            made = [_frames(known, recordings, k, frames) for k in chosen]
            yield pack_frames(np.stack(made), frames.bits)

    rows = default_cache().rows(key, len(files), packed_bytes(shape, frames.bits), decode)
    return EventSplit(rows, labels, known.classes, shape, frames.bits, source)


def _open(known: Recordings, folder: Path, options: dict[str, bool]) -> Any:
    """Return tonic's data set, which downloads what it does not find, without that."""
    try:
        # tonic uses NumPy's recfunctions and leaves it to others to import them.
        import numpy.lib.recfunctions  # noqa: F401
        from tonic import datasets
    except ImportError as error:
        raise DataError(
            f"{known.name}: needs tonic, not importable here: {error}; pip install 'lava_spquant[events]'"
        ) from error
    there: Callable[[Any], bool] = lambda self: True  # noqa: E731
    # The folder is named after the class.
    reader = type(known.tonic, (getattr(datasets, known.tonic),), {"_check_exists": there})
    try:
        return reader(str(folder), **options)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder / known.tonic}: found {error!r}, expected the folders of its archive") from error


def _labels(targets: Sequence[Any]) -> Any:
    """Return class indices; names are numbered in their order."""
    if targets and isinstance(targets[0], str):
        return np.unique(np.array(targets), return_inverse=True)[1]
    return np.array(targets, np.int64)


def _about(file: Path, folder: Path) -> list[str | int]:
    about = file.stat()
    return [str(file.relative_to(folder)), about.st_size, about.st_mtime_ns]


def _frames(known: Recordings, recordings: Any, index: int, frames: FrameConfig) -> Rows:
    where = recordings.data[index]
    try:
        events, _ = recordings[index]
        order = np.argsort(events["t"], kind="stable")  # some recordings have a few events out of order
        return frames_of(events[order], known.sensor, frames, known.cut)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    # Whatever the readers meet in a damaged file; a panic of aedat is no `Exception`.
    except BaseException as error:
        damaged = isinstance(error, Exception) and not isinstance(error, MemoryError)
        if damaged or type(error).__name__ == "PanicException":
            raise DataError(f"{where}: found damaged ({error}), expected a recording") from error
        raise
