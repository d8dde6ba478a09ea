"""How the cost of a training step grows with time steps and with the batch: straight lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from common import table
from rich.table import Table

from training_parts.contestants import CONTESTANTS
from training_parts.remote import Remote, Setup
from training_parts.rounds import Effort
from training_parts.seconds import Row, Seconds, spread
from training_parts.workload import Workload

__all__ = ["Line", "line_table", "lines_of"]


@dataclass(frozen=True)
class Line:
    """Time of a training step against one quantity, with the straight line through it.

    Attributes
    ----------
    against : {"T", "batch"}
    contestant : str
    workload : str
    x, y, least : tuple of float
        Values of the quantity, medians and minima of a step in milliseconds.
    slope, intercept : float
        Fitted to the medians.
    r_squared : float
        Share of the variance that the line explains.
    largest_residual : float
        Largest distance of a median from the line, over the largest median.
    """

    against: str
    contestant: str
    workload: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    least: tuple[float, ...]
    slope: float
    intercept: float
    r_squared: float
    largest_residual: float

    @classmethod
    def fit(cls, against: str, contestant: str, workload: str, x: Sequence[float], rows: Sequence[Row]) -> Line:
        """Fit the medians of `rows`, as `spread` returns them, by least squares."""
        y, least = ([row[name] for row in rows] for name in ("median_ms", "min_ms"))
        slope, intercept = (float(c) for c in np.polyfit(x, y, 1))
        rest = np.asarray(y) - (slope * np.asarray(x) + intercept)
        r_squared = 1 - float((rest**2).sum() / ((np.asarray(y) - np.mean(y)) ** 2).sum())
        residual = float(np.abs(rest).max() / max(y))
        values = (tuple(float(one) for one in many) for many in (x, y, least))
        return cls(against, contestant, workload, *values, slope, intercept, r_squared, residual)

    def values(self) -> Row:
        """Return it as JSON values."""
        return asdict(self)


def lines_of(
    workload: Workload, keys: Sequence[str], setup: Setup, effort: Effort, note: Callable[[str], None]
) -> list[Line]:
    """Return the lines of all contestants against both quantities; who is absent has none."""
    by_steps = [workload.at(batch=effort.line_batch, steps=steps) for steps in effort.steps_points]
    by_batch = [workload.at(batch=batch, steps=effort.line_steps) for batch in effort.batch_points]
    found = []
    for key in keys:
        note(f"  {CONTESTANTS[key].title}")
        with Remote(key, [*by_steps, *by_batch], setup) as remote:
            if remote.present:
                found += _measured(remote, by_steps, by_batch, effort.rounds)
    return sorted(found, key=lambda line: line.against, reverse=True)


def _measured(
    remote: Remote, by_steps: Sequence[Workload], by_batch: Sequence[Workload], rounds: int
) -> tuple[Line, Line]:
    """Let all points of a contestant take turns, so that none has a quieter machine, and fit both lines."""
    points = [*by_steps, *by_batch]
    times: list[list[Seconds]] = [[] for _ in points]
    for _ in range(rounds):
        for number, found in enumerate(times):
            found.append(remote.step(number))
    rows = [spread(found)["step"] for found in times]
    steps, batches = f"{points[0].name}, batch {by_steps[0].batch}", f"{points[0].name}, T = {by_batch[0].steps}"
    cut = len(by_steps)
    return (
        Line.fit("T", remote.key, steps, [point.steps for point in by_steps], rows[:cut]),
        Line.fit("batch", remote.key, batches, [point.batch for point in by_batch], rows[cut:]),
    )


def line_table(lines: Sequence[Line]) -> Table:
    """Return the lines as a table."""
    columns = ("against", "network", "contestant", "points", "step, ms", "straight line", "R^2", "largest residual")
    cells = (
        (
            line.against,
            line.workload,
            CONTESTANTS[line.contestant].title,
            f"{line.x[0]:g} to {line.x[-1]:g}",
            f"{line.y[0]:,.1f} to {line.y[-1]:,.1f}",
            f"{line.intercept:,.1f} + {line.slope:,.3g} {line.against}",
            f"{line.r_squared:.4f}",
            f"{line.largest_residual:.1%}",
        )
        for line in lines
    )
    return table("Cost of a training step", columns, cells, text_columns=3)
