"""The threshold: a stateless neuron that spikes where its current exceeds a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import CURRENT_MAX, STATE_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State

__all__ = ["Threshold", "threshold_step"]


@dataclass(frozen=True)
class Threshold:
    """A neuron of a single-step binary network (BitSNNs): `s = 1[current + bias > vth]`, and nothing is kept.

    Parameters
    ----------
    vth : int
        Threshold, 0..2**23-1; lower ones, and those of single channels, are biases.

    Raises
    ------
    NetworkError
        If it is out of range.
    """

    vth: int = 0

    kind: ClassVar[str] = "threshold"
    outputs: ClassVar[tuple[str, ...]] = ("spikes",)
    state_names: ClassVar[tuple[str, ...]] = ()
    current_max: ClassVar[int] = CURRENT_MAX

    def __post_init__(self) -> None:
        good = isinstance(self.vth, (int, np.integer)) and 0 <= self.vth <= STATE_MAX
        expect(good, "threshold", "vth", found=self.vth, expected=f"a whole number in 0..{STATE_MAX}")
        object.__setattr__(self, "vth", int(self.vth))

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `threshold_step`."""
        return threshold_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Spikes are 0 or 1."""
        return 0, 1

    @property
    def state_bits(self) -> int:
        """Nothing is kept."""
        return 0


def threshold_step(params: Threshold, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Return spikes where `current + bias > vth`.

    Examples
    --------
    >>> threshold_step(Threshold(2), {}, np.array([[3, 2, 1]]), np.array(0))[0]["spikes"].tolist()
    [[1, 0, 0]]
    """
    return {"spikes": (current + bias > params.vth).astype(np.int32)}, {}
