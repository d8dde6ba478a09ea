"""What the stopwatch says of one training step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Row", "Seconds", "spread"]

Row = dict[str, Any]

PARTS = ("step", "forward", "backward", "optimiser", "processor")


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of one training step, and processor seconds of all its threads."""

    forward: float
    backward: float
    optimiser: float
    processor: float

    @property
    def step(self) -> float:
        """The whole step."""
        return self.forward + self.backward + self.optimiser


def spread(times: Sequence[Seconds]) -> Row:
    """Return minimum, quartiles and median of a step and its parts, in milliseconds."""
    row: Row = {}
    for part in PARTS:
        values = 1e3 * np.array([getattr(one, part) for one in times])
        low, median, high = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
        row[part] = {"min_ms": float(values.min()), "low_ms": low, "median_ms": median, "high_ms": high}
    return row
