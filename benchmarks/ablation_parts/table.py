"""What the runs of a variant gave."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from common import table
from rich.table import Table

__all__ = ["Outcome", "ablation_table", "difference"]


@dataclass(frozen=True)
class Outcome:
    """Test accuracies of one variant, 0..1, one per seed."""

    name: str
    title: str
    seeds: tuple[int, ...]
    accuracy: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.accuracy)

    @property
    def deviation(self) -> float:
        """Standard deviation of one run, estimated from the seeds; 0 for a single seed."""
        return statistics.stdev(self.accuracy) if len(self.accuracy) > 1 else 0.0


def difference(outcome: Outcome, base: Outcome) -> tuple[float, float]:
    """Return the mean of the differences to the base, seed by seed, with its standard error."""
    found = [a - b for a, b in zip(outcome.accuracy, base.accuracy, strict=True)]
    error = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
    return statistics.fmean(found), error


def ablation_table(outcomes: Sequence[Outcome], base: str, setting: str) -> Table:
    """Return the outcomes as a table, with differences in points."""
    reference = next((outcome for outcome in outcomes if outcome.name == base), None)
    columns = ("variant", "seeds", "mean", "deviation", "lowest", "highest", f"points over {base!r}")
    rows = []
    for outcome in outcomes:
        over = ""
        if reference is not None and outcome is not reference:
            mean, error = difference(outcome, reference)
            over = f"{100 * mean:+.2f} ± {100 * error:.2f}"
        spread = (outcome.mean, outcome.deviation, min(outcome.accuracy), max(outcome.accuracy))
        rows.append((outcome.title, str(len(outcome.seeds)), *(f"{value:.2%}" for value in spread), over))
    return table(f"Ablation: {setting}", columns, rows)
