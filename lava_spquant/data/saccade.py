"""How an emulated event camera moves: straight saccades, one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data

__all__ = ["GRID", "SaccadeConfig"]

GRID = 64
"""Positions are multiples of 1/64 pixel: interpolation between 8-bit pixels is then exact in float32, so that events
do not depend on the order of sums."""

Point = tuple[float, float]

TRIANGLE: tuple[Point, ...] = ((-0.5, 0.5), (0.0, -0.5), (0.5, 0.5), (-0.5, 0.5))
"""N-MNIST's path: down one side of an isosceles triangle, up the other, and back along its base."""


@dataclass(frozen=True)
class SaccadeConfig:
    """A path of straight saccades.

    A saccade speeds up and slows down smoothly: after the share s of its time it has covered
    (1 - cos(pi * s)) / 2 of its way.

    Parameters
    ----------
    path : tuple of (x, y)
        Where the camera looks between saccades, in units of `amplitude`; x to the right, y upwards.
    amplitude : float
        Pixels.
    saccade_us : int
        Duration of one saccade, microseconds.
    instants : int
        Instants of a saccade at which intensities are computed; between them log intensity is a straight line.

    Raises
    ------
    DataError
        If a field is out of range.
    """

    path: tuple[Point, ...] = TRIANGLE
    amplitude: float = 7.0
    saccade_us: int = 100_000
    instants: int = 24

    def __post_init__(self) -> None:
        finite = all(len(point) == 2 and all(math.isfinite(n) and abs(n) <= 1 for n in point) for point in self.path)
        good = len(self.path) >= 2 and finite
        expect_data(good, "saccades", "path", found=self.path, expected="at least two points (x, y) in -1..1")
        limits = {"amplitude": (0, 128), "saccade_us": (1, 10**7), "instants": (1, 4096)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            expect_data(low <= value <= high, "saccades", name, found=value, expected=f"{low}..{high}")

    @property
    def duration_us(self) -> int:
        """Duration of all saccades, microseconds."""
        return self.saccade_us * (len(self.path) - 1)

    @property
    def reach(self) -> int:
        """Whole pixels that the camera moves away from the middle at most."""
        return math.ceil(self.amplitude * max(abs(n) for point in self.path for n in point))

    def times(self) -> NDArray[np.float64]:
        """Return the instants, microseconds, shape (saccades * instants + 1,)."""
        return np.linspace(0, self.duration_us, (len(self.path) - 1) * self.instants + 1)

    def offsets(self) -> NDArray[np.int64]:
        """Return where the camera looks at those instants, (row, column) in 1/64 pixel, shape (instants, 2)."""
        corners = np.array(self.path)[:, ::-1] * (-1, 1) * self.amplitude  # rows count downwards
        share = (1 - np.cos(np.pi * np.arange(1, self.instants + 1) / self.instants)) / 2
        legs = [start + share[:, None] * (end - start) for start, end in pairwise(corners)]
        return np.rint(np.concatenate([corners[:1], *legs]) * GRID).astype(np.int64)
