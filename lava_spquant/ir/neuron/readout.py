"""The read-out: a membrane that adds up its current over a sample and never spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lava_spquant.ir.arith import saturate
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.limits import CURRENT_MAX, STATE_BITS, STATE_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State

__all__ = ["Readout", "readout_step"]


@dataclass(frozen=True)
class Readout:
    """A read-out accumulator; it has no parameters.

    Its graded output at step t is the sum of currents and biases of steps 1..t of the sample, so
    the value at the last step, divided by T, is the mean that the TET loss trains (METHODS).
    """

    kind: ClassVar[str] = "readout"
    outputs: ClassVar[tuple[str, ...]] = ("graded",)
    state_names: ClassVar[tuple[str, ...]] = ("v",)
    current_max: ClassVar[int] = CURRENT_MAX

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `readout_step`."""
        return readout_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Return the range of 24 bits, at which the accumulator saturates."""
        return -STATE_MAX, STATE_MAX

    @property
    def state_bits(self) -> int:
        """The accumulator is 24 bits wide."""
        return STATE_BITS


def readout_step(params: Readout, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Add current and bias to `v` and clip to 24 bits.

    Examples
    --------
    >>> import numpy as np
    >>> out, new = readout_step(Readout(), {"v": np.array([[5]])}, np.array([[-7]]), np.array(1))
    >>> out["graded"].tolist(), new["v"].tolist()
    ([[-1]], [[-1]])
    """
    v = saturate(state["v"] + current + bias)
    return {"graded": v}, {"v": v}
