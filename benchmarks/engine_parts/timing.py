"""Turns: everything that is compared runs in one process, one after the other, again and again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FULL", "QUICK", "Effort", "Row", "Runner", "alternate", "measured", "microseconds", "spread"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is timed.

    Parameters
    ----------
    turns : int
        Of which medians are taken.
    seconds : float
        Least time of one turn; what is faster runs several times in it.
    lava_steps : int
        Time steps of a turn of lava-dl's PilotNet; smaller networks get more.
    stream_steps : int
        Time steps that the engine runs per call on one stream.
    batch : int
        The larger batch.
    densities : tuple of float
        Share of neurons of the input that spike per time step.
    points : int or None
        How many points of every line; None for all.
    """

    turns: int
    seconds: float
    lava_steps: int
    stream_steps: int
    batch: int = 32
    densities: tuple[float, ...] = (0.05, 0.2)
    points: int | None = None

    def __post_init__(self) -> None:
        if min(self.turns, self.lava_steps, self.stream_steps, self.batch) < 1 or self.seconds < 0:
            raise ValueError(f"Effort: found {self}, expected positive numbers")


FULL = Effort(turns=15, seconds=0.1, lava_steps=17, stream_steps=170)
QUICK = Effort(turns=3, seconds=0.005, lava_steps=4, stream_steps=34, densities=(0.2,), points=3)


@dataclass(frozen=True)
class Runner:
    """One executor, ready to run: every call runs `steps` time steps of `batch` samples on `threads` threads."""

    name: str
    batch: int
    threads: int
    steps: int
    run: Callable[[], object]


def alternate(runners: Sequence[Runner], effort: Effort) -> list[list[float]]:
    """Let all runners take turns; return, for each, the seconds per sample and time step of every turn.

    A first turn warms up, decides how often each is called in a turn, and does not count.
    """
    calls = []
    for runner in runners:
        runner.run()
        calls.append(max(1, math.ceil(effort.seconds / _time(runner, 1))))
    times: list[list[float]] = [[] for _ in runners]
    for _ in range(effort.turns):
        for runner, number, found in zip(runners, calls, times, strict=True):
            found.append(_time(runner, number) / (number * runner.batch * runner.steps))
    return times


def _time(runner: Runner, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        runner.run()
    return time.perf_counter() - start


def measured(runner: Runner, seconds: Sequence[float]) -> Row:
    """Return what was run, with median and quartiles in microseconds per sample and time step."""
    row: Row = {"executor": runner.name, "batch": runner.batch, "threads": runner.threads, "steps": runner.steps}
    return row | {"turns": len(seconds)} | spread(seconds)


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return median and quartiles in microseconds."""
    low, median, high = (1e6 * float(q) for q in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return {"median_us": median, "low_us": low, "high_us": high}


def microseconds(value: float) -> str:
    """Return microseconds with about four digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 100 else f"{value:,.2f}"
