"""An event camera that looks at a still image and moves: what N-MNIST's recordings did, computed.

A pixel of an event camera reports when its log intensity has changed by a threshold since its last report: an ON event
for brighter, an OFF event for darker. A still image gives events only while the camera moves. N-MNIST (Orchard et al.,
Frontiers in Neuroscience 2015, doi 10.3389/fnins.2015.00437) was recorded with three saccades along a triangle.

What comes out is emulated, not recorded, and must be called so: there is no noise of a sensor in it, no flicker of a
screen and no limited bandwidth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data
from lava_spquant.data.saccade import GRID, SaccadeConfig
from lava_spquant.data.split import Pixels
from lava_spquant.data.view import grey, look, place, resize

__all__ = ["EVENT_DTYPE", "CrossingEvents", "EmulatorConfig", "crossings", "emulate"]

EVENT_DTYPE = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])
"""One event: column, row, microseconds, and whether it is ON. The layout that tonic uses."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EmulatorConfig:
    """The camera, and how it looks at an image.

    Parameters
    ----------
    sensor : (height, width)
        In pixels.
    image : (height, width)
        The size at which the image appears in the sensor's middle, in pixels.
    saccades : SaccadeConfig
        How the camera moves.
    threshold : float
        Change of log intensity (natural) that makes an event.
    mismatch : float
        Relative standard deviation of the threshold from pixel to pixel: a property of the camera, the same for all
        images, drawn with `seed`.
    phase : float
        Before the first event a pixel's reference is off by up to this share of a threshold, 0..0.99, drawn for
        every image with `seed` and the image's index.
    dark : float
        Light that adds to every pixel, as a share of white: bounds the contrast, and keeps the logarithm finite.
    refractory_us : int
        For so long after an event a pixel reports none; what it would have reported is lost.
    border : {"black", "edge"}
        What surrounds the image: darkness, or its own edge continued.
    seed : int

    Raises
    ------
    DataError
        If a field is out of range.
    """

    sensor: tuple[int, int] = (34, 34)
    image: tuple[int, int] = (28, 28)
    saccades: SaccadeConfig = field(default_factory=SaccadeConfig)
    threshold: float = 0.34
    mismatch: float = 0.03
    phase: float = 0.5
    dark: float = 0.25
    refractory_us: int = 1000
    border: str = "black"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("sensor", "image"):
            value = getattr(self, name)
            good = len(value) == 2 and all(isinstance(n, int) and 1 <= n <= 1024 for n in value)
            expect_data(good, "emulator", name, found=value, expected="(height, width), each 1..1024")
        ranges = {"threshold": (0.01, 10), "mismatch": (0, 0.2), "phase": (0, 0.99), "dark": (1e-4, 10)}
        for name, (low, high) in (ranges | {"refractory_us": (0, 10**6)}).items():
            value = getattr(self, name)
            expect_data(low <= value <= high, "emulator", name, found=value, expected=f"{low}..{high}")
        found = repr(self.border)
        expect_data(self.border in ("black", "edge"), "emulator", "border", found=found, expected="'black' or 'edge'")
        expect_data(self.seed >= 0, "emulator", "seed", found=self.seed, expected="at least 0")

    def thresholds(self) -> Floats:
        """Return every pixel's threshold, shape (height, width)."""
        drawn = np.random.default_rng([self.seed, 0]).standard_normal(self.sensor)
        return (self.threshold * (1 + self.mismatch * np.clip(drawn, -3, 3))).astype(np.float32)

    def phases(self, index: int) -> Floats:
        """Return how far every pixel's reference is off at the start of image `index`, in thresholds."""
        random = np.random.Generator(np.random.Philox(key=[self.seed, index])).random(self.sensor, np.float32)
        return np.float32(self.phase) * (2 * random - 1)


@dataclass(frozen=True, eq=False)
class CrossingEvents:
    """Events of several images, in no particular order but that of time for every pixel.

    Attributes
    ----------
    sample, pixel : numpy.ndarray of int, shape (E,)
        Which image, and which pixel: row * width + column.
    time : numpy.ndarray, int32, shape (E,)
        Microseconds from the start, 0..duration-1.
    on : numpy.ndarray of bool, shape (E,)
    """

    sample: NDArray[np.int64]
    pixel: NDArray[np.int64]
    time: NDArray[np.int32]
    on: NDArray[np.bool_]


def emulate(images: Pixels, config: EmulatorConfig | None = None, first_index: int = 0) -> list[NDArray[np.void]]:
    """Show still images to a moving event camera.

    Parameters
    ----------
    images : numpy.ndarray, uint8, shape (N, C, H, W)
        C is 1 (grey) or 3 (RGB, seen by its luminance).
    config : EmulatorConfig, optional
    first_index : int
        Index of the first image in its data set. An image's events depend on the image, its index and `config`
        alone, not on the images beside it.

    Returns
    -------
    list of numpy.ndarray of EVENT_DTYPE
        One stream for each image, in order of time.

    Raises
    ------
    DataError
        If `images` is not uint8 of that shape.

    Examples
    --------
    >>> image = np.zeros((1, 1, 28, 28), np.uint8)
    >>> len(emulate(image)[0])  # nothing to see
    0
    >>> image[..., 10:18, 10:18] = 255
    >>> events = emulate(image)[0]
    >>> bool(events["p"].any()), bool(events["t"][-1] < 300_000)
    (True, True)
    """
    config = config or EmulatorConfig()
    found = crossings(images, np.arange(first_index, first_index + len(images)), config)
    events = np.empty(len(found.time), EVENT_DTYPE)
    events["y"], events["x"] = np.divmod(found.pixel, config.sensor[1])
    events["t"], events["p"] = found.time, found.on
    order = np.lexsort((found.on, found.pixel, found.time, found.sample))
    ends = np.cumsum(np.bincount(found.sample, minlength=len(images)))
    return np.split(events[order], ends[:-1])


def crossings(images: Pixels, indices: NDArray[np.int64], config: EmulatorConfig) -> CrossingEvents:
    """Return the events of some images of a data set; see `emulate`.

    Parameters
    ----------
    images : numpy.ndarray, uint8, shape (N, C, H, W)
    indices : numpy.ndarray of int, shape (N,)
        Every image's index in its data set.
    config : EmulatorConfig
    """
    camera = _Camera(config, images, indices)
    parts = [part for k in range(1, len(camera.times)) for part in camera.step(k)]
    where, time, on = (np.concatenate(column) for column in zip(_NOTHING, *parts, strict=True))
    pixel, sample = np.divmod(where, len(images))
    return CrossingEvents(sample, pixel, np.minimum(time, config.saccades.duration_us - 1), on)


Part = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]
"""Place (pixel * batch + sample), time and polarity of some events."""

_NOTHING: Part = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.bool_))


class _Camera:
    """The state of every pixel, for a batch of images; the batch is the last axis everywhere.

    Levels are log intensities divided by the pixel's own threshold: a level that moved by one makes an event.
    """

    def __init__(self, config: EmulatorConfig, images: Pixels, indices: NDArray[np.int64]) -> None:
        reach = config.saccades.reach
        height, width = config.sensor
        seen = resize(grey(images), config.image)
        field = place(seen, (height + 2 * reach, width + 2 * reach), config.border)
        # Interpolation at the last row and column reads one beyond them, with weight zero.
        self.field = np.pad(field + round(255 * config.dark), ((0, 1), (0, 1), (0, 0)), mode="edge")
        self.offsets = config.saccades.offsets() + reach * GRID
        self.times = config.saccades.times()
        self.refractory_us = config.refractory_us
        shape = (height, width, len(images))
        inverse = 1 / config.thresholds()[:, :, None]
        self.per_threshold = np.ascontiguousarray(np.broadcast_to(inverse, shape))
        self.rows = np.empty((2, height, width + 1, len(images)), np.float32)
        self.level, self.before, self.gap = (np.empty(shape, np.float32) for _ in range(3))
        self._look(0)
        self.reference = self.level + np.stack([config.phases(int(i)) for i in indices], axis=-1)
        self.last = np.full(self.level.size, -(10**9), np.int32)

    def _look(self, instant: int) -> None:
        """Put the levels at an instant into `level`."""
        row, column = self.offsets[instant]
        look(self.field, int(row), int(column), self.level, self.rows)
        np.log(self.level, out=self.level)
        self.level *= self.per_threshold

    def step(self, instant: int) -> Iterator[Part]:
        """Yield the events between the instant before and `instant`, those of one pixel in order."""
        self.level, self.before = self.before, self.level
        self._look(instant)
        np.subtract(self.level, self.reference, out=self.gap)
        np.trunc(self.gap, out=self.gap)
        where = np.flatnonzero(self.gap)
        if not len(where):
            return
        moved = self.gap.ravel()[where]
        start, on = self.reference.ravel()[where], moved > 0
        self.reference.ravel()[where] += moved
        begin, end = self.before.ravel()[where], self.level.ravel()[where]
        first, span = self.times[instant - 1], self.times[instant] - self.times[instant - 1]
        sign, count = np.where(on, np.float32(1), np.float32(-1)), np.abs(moved)
        for number in range(1, int(count.max()) + 1):
            # A pixel whose level moved by two thresholds reports twice.
            chosen = slice(None) if number == 1 else np.flatnonzero(count >= number)
            crossed = start[chosen] + number * sign[chosen]
            share = (crossed - begin[chosen]) / (end[chosen] - begin[chosen])
            time = (first + span * share).astype(np.int32)
            yield self._report(where[chosen], time, on[chosen])

    def _report(self, where: NDArray[np.int64], time: NDArray[np.int32], on: NDArray[np.bool_]) -> Part:
        """Return the events of pixels that are not refractory."""
        ready = np.flatnonzero(time - self.last[where] >= self.refractory_us)
        where, time = where[ready], time[ready]
        self.last[where] = time
        return where, time, on[ready]
