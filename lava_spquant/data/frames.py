"""From events to frames: how often every pixel and polarity reported in each of T parts of a recording."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data
from lava_spquant.data.event import FrameConfig, Frames
from lava_spquant.data.packing import FrameShape

__all__ = ["POLARITIES", "Cut", "count_events", "frames_of"]

POLARITIES = 2
"""Channels of a frame: OFF events, ON events."""

Cut = Literal["time", "count"]
"""Parts of equal duration, or of equally many events."""


def frames_of(events: NDArray[Any], sensor: tuple[int, int], frames: FrameConfig, cut: Cut = "time") -> Frames:
    """Accumulate one recording into frames.

    Parameters
    ----------
    events : structured numpy.ndarray, shape (E,)
        With fields `x`, `y`, `t` (in order of time) and `p`, as tonic reads them.
    sensor : (height, width)
    frames : FrameConfig
        A smaller `size` adds up the events of neighbouring pixels.
    cut : {"time", "count"}
        Whether the T parts last equally long, or hold equally many events.

    Returns
    -------
    numpy.ndarray, uint8, shape (T, 2, H, W)
        Counts, clipped at 2**bits-1.

    Raises
    ------
    DataError
        If an event lies outside the sensor, or time runs backwards.

    Examples
    --------
    >>> events = np.array([(0, 0, 5, 1), (3, 2, 6, 0), (3, 3, 9, 0)], "i4,i4,i4,i4")
    >>> events.dtype.names = ("x", "y", "t", "p")
    >>> frames_of(events, (4, 4), FrameConfig(steps=2, bits=2, size=2))[:, :, 1, 1].tolist()
    [[1, 0], [1, 0]]
    """
    height, width = sensor
    side = (frames.size or height, frames.size or width)
    shape: FrameShape = (frames.steps, POLARITIES, *side)
    if not len(events):
        return np.zeros(shape, np.uint8)
    x, y, time = (events[name].astype(np.int64) for name in ("x", "y", "t"))
    good = x.min() >= 0 and x.max() < width and y.min() >= 0 and y.max() < height
    found = f"x {x.min()}..{x.max()}, y {y.min()}..{y.max()}"
    expect_data(bool(good), "events", "places", found=found, expected=f"x 0..{width - 1}, y 0..{height - 1}")
    backwards = int((np.diff(time) < 0).sum())
    expect_data(not backwards, "events", "times", found=f"{backwards} that run backwards", expected="an order of time")
    if cut == "time":
        step = (time - time[0]) * frames.steps // (time[-1] - time[0] + 1)
    else:
        step = np.arange(len(events)) * frames.steps // len(events)
    on = events["p"].astype(bool)
    index = ((step * POLARITIES + on) * side[0] + y * side[0] // height) * side[1] + x * side[1] // width
    return count_events(index, shape, frames.bits).reshape(shape)


def count_events(index: NDArray[np.int64], shape: tuple[int, ...], bits: int) -> NDArray[np.uint8]:
    """Count how often each flat index into `shape` occurs, clipped at 2**bits-1; uint8, of that shape."""
    counts = np.bincount(index, minlength=int(np.prod(shape)))
    return np.minimum(counts, 2**bits - 1).astype(np.uint8).reshape(shape)
