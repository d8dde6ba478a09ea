"""The clip: a stateless neuron that passes on its current, limited to a declared range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import CURRENT_MAX, STATE_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State

__all__ = ["Clip", "clip_step"]


@dataclass(frozen=True)
class Clip:
    """A hardtanh on integers: the stream between the blocks of a single-step binary network (BitSNNs).

    Parameters
    ----------
    low, high : int
        Range of the graded output, within 24 bits, `low <= 0 <= high`; -127..127 is a stream of 8 bits.

    Raises
    ------
    NetworkError
        If the range is empty or too wide.
    """

    low: int
    high: int

    kind: ClassVar[str] = "clip"
    outputs: ClassVar[tuple[str, ...]] = ("graded",)
    state_names: ClassVar[tuple[str, ...]] = ()
    current_max: ClassVar[int] = CURRENT_MAX

    def __post_init__(self) -> None:
        whole = all(isinstance(value, (int, np.integer)) for value in (self.low, self.high))
        good = whole and -STATE_MAX <= self.low <= 0 <= self.high <= STATE_MAX and self.low < self.high
        found, expected = f"{self.low}..{self.high}", f"a range of whole numbers that holds 0, within +-{STATE_MAX}"
        expect(good, "clip", "range", found=found, expected=expected)
        object.__setattr__(self, "low", int(self.low))
        object.__setattr__(self, "high", int(self.high))

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `clip_step`."""
        return clip_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Return the range of the current, clipped."""
        low, high = (min(max(edge, self.low), self.high) for edge in current)
        return low, high

    @property
    def state_bits(self) -> int:
        """Nothing is kept."""
        return 0


def clip_step(params: Clip, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Return `clip(current + bias, low, high)` as the graded output.

    Examples
    --------
    >>> clip_step(Clip(-2, 3), {}, np.array([[3, -4]]), np.array(1))[0]["graded"].tolist()
    [[3, -2]]
    """
    return {"graded": np.clip(current + bias, params.low, params.high).astype(np.int32)}, {}
