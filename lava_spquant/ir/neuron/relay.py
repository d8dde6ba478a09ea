"""The relay: passes its current on as a graded value and keeps no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.limits import CURRENT_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State

__all__ = ["Relay", "relay_step"]


@dataclass(frozen=True)
class Relay:
    """A stateless pass-through; it has no parameters.

    It stands behind a sum-pool or a population average, whose results are small integers that the
    next block's gain scales: `average = sum / size` is folded into that gain.
    """

    kind: ClassVar[str] = "relay"
    outputs: ClassVar[tuple[str, ...]] = ("graded",)
    state_names: ClassVar[tuple[str, ...]] = ()
    current_max: ClassVar[int] = CURRENT_MAX

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `relay_step`."""
        return relay_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Return the range of the current, which is what it passes on."""
        return current

    @property
    def state_bits(self) -> int:
        """Nothing is kept."""
        return 0


def relay_step(params: Relay, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Return current plus bias as the graded output.

    Examples
    --------
    >>> relay_step(Relay(), {}, np.array([[3, -2]]), np.array(1))[0]["graded"].tolist()
    [[4, -1]]
    """
    return {"graded": (current + bias).astype(np.int32)}, {}
