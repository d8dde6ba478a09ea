"""How the engine's cost grows with width, depth, density and batch: straight lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from common import table
from rich.table import Table

from engine_parts.against_lava import ENGINE, thread_counts
from engine_parts.synthetic import spikes, synthetic
from engine_parts.timing import Effort, Row, Runner, alternate, microseconds, spread
from lava_spquant import ir
from lava_spquant.engine import Engine

__all__ = ["SIZE", "Line", "scaling", "scaling_table"]

STEPS = 16
SIZE = 24
BASE = 32
"""Channels of everything whose width is not varied."""
DENSITY = 0.1


@dataclass(frozen=True)
class Line:
    """Cost against one quantity, with the straight line through it.

    Attributes
    ----------
    name, unit, what : str
        What is varied, its unit, and what the network is otherwise.
    threads : int
    x, y : tuple of float
        Values, and medians of microseconds per time step.
    slope, intercept : float
    r_squared : float
        Share of the variance that the line explains.
    """

    name: str
    unit: str
    what: str
    threads: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: float
    intercept: float
    r_squared: float

    @classmethod
    def fit(cls, name: str, unit: str, what: str, threads: int, x: Sequence[float], y: Sequence[float]) -> Line:
        """Fit by least squares."""
        slope, intercept = (float(c) for c in np.polyfit(x, y, 1))
        rest = np.asarray(y) - (slope * np.asarray(x) + intercept)
        r_squared = 1 - float((rest**2).sum() / ((np.asarray(y) - np.mean(y)) ** 2).sum())
        return cls(name, unit, what, threads, tuple(x), tuple(y), slope, intercept, r_squared)

    def values(self) -> Row:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Sweep:
    """One quantity, its values, and how to make a network and batch of each."""

    name: str
    unit: str
    what: str
    points: tuple[float, ...]
    make: Callable[[float], tuple[ir.Network, float, int]]
    """Maps a value to network, input density and batch."""
    threads: tuple[int, ...] = (1,)


def _sweeps() -> tuple[Sweep, ...]:
    share = f"density {DENSITY:.0%}"
    return (
        Sweep(
            "width",
            "channels between the convolutions",
            f"two convolutions, {BASE} channels around, {share}",
            (16, 32, 64, 128, 192, 256),
            lambda width: (synthetic((BASE, int(width), BASE), SIZE, DENSITY), DENSITY, 1),
        ),
        Sweep(
            "depth",
            "convolutions",
            f"{BASE} channels, {share}",
            (1, 2, 3, 4, 6, 8),
            lambda depth: (synthetic((BASE,) * (int(depth) + 1), SIZE, DENSITY), DENSITY, 1),
        ),
        Sweep(
            "density",
            "spikes per neuron and time step",
            f"two convolutions, {BASE} channels",
            (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
            lambda density: (synthetic((BASE,) * 3, SIZE, density), density, 1),
        ),
        Sweep(
            "batch",
            "samples",
            f"two convolutions, {BASE} channels, {share}",
            (2, 8, 16, 32, 48, 64),
            lambda batch: (synthetic((BASE,) * 3, SIZE, DENSITY), DENSITY, int(batch)),
            thread_counts(),
        ),
    )


def scaling(effort: Effort) -> list[Line]:
    """Return the four lines; those of a sweep take turns, so that no point has a quieter machine."""
    lines = []
    for sweep in _sweeps():
        number = effort.points or len(sweep.points)
        points = [sweep.points[k] for k in np.linspace(0, len(sweep.points) - 1, number).astype(int)]
        made = [sweep.make(point) for point in points]
        for threads in sweep.threads:
            runners = [_runner(network, density, batch, threads) for network, density, batch in made]
            times = alternate(runners, effort)
            # Per time step of the whole batch: that is what grows.
            y = [spread(found)["median_us"] * runner.batch for found, runner in zip(times, runners, strict=True)]
            lines.append(Line.fit(sweep.name, sweep.unit, sweep.what, threads, points, y))
    return lines


def _runner(network: ir.Network, density: float, batch: int, threads: int) -> Runner:
    engine = Engine(network, threads=threads)
    x = spikes(network.input, density, STEPS, batch)
    return Runner(ENGINE, batch, threads, STEPS, lambda: engine.run(x))


def scaling_table(lines: Sequence[Line]) -> Table:
    """Return the lines as a table."""
    columns = ("against", "network", "threads", "points", "us per step", "straight line", "R^2")
    cells = (
        (
            line.name,
            line.what,
            str(line.threads),
            f"{line.x[0]:g} to {line.x[-1]:g}",
            f"{microseconds(line.y[0])} to {microseconds(line.y[-1])}",
            f"{line.intercept:,.1f} + {line.slope:,.3g} {line.name}",
            f"{line.r_squared:.4f}",
        )
        for line in lines
    )
    title = f"Cost of 3x3 convolutions on {SIZE}x{SIZE} neurons"
    return table(title, columns, cells, text_columns=2)
