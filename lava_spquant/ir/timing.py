"""Two models of time: steps of a sample aligned over all blocks, and Lava's one step per synapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lava_spquant.ir.block import INPUT, Branch
from lava_spquant.ir.errors import expect
from lava_spquant.ir.gate import Gate
from lava_spquant.ir.network import Network

__all__ = ["ALIGNED", "Timing"]


@dataclass(frozen=True)
class Timing:
    """When a block reads its sources, and when it resets.

    Parameters
    ----------
    pipelined : bool
        False: every block sees step t of its sources at step t, as in training. True: Lava's
        timing, in which block b lags the input by `Network.depths[b]` steps; branches of unequal
        depth are balanced by delays.
    reset_interval : int or None
        Steps between resets; None never resets.
    reset_offset : int or None
        Pipelined only. With an integer, the first block resets at the steps t (counted from 1)
        with `t % interval == (reset_offset + 1) % interval`, and every other block as many steps
        later as it lies deeper: lava-dl's rule. None picks the offset at which samples that start
        at step 1 of the input stay apart.

    Raises
    ------
    NetworkError
        If the interval is not a positive whole number, or the offset not a whole number.
    """

    pipelined: bool = False
    reset_interval: int | None = None
    reset_offset: int | None = None

    def __post_init__(self) -> None:
        good = self.reset_interval is None or (
            isinstance(self.reset_interval, (int, np.integer)) and self.reset_interval >= 1
        )
        expect(good, "timing", "reset_interval", found=self.reset_interval, expected="a number of steps >= 1, or None")
        whole = self.reset_offset is None or isinstance(self.reset_offset, (int, np.integer))
        expect(whole, "timing", "reset_offset", found=self.reset_offset, expected="a whole number of steps, or None")

    def delay(self, network: Network, index: int, branch: Branch | Gate) -> int:
        """Return how many steps ago a branch or gate of block `index` reads its source."""
        if not self.pipelined:
            return 0
        source = 0 if branch.source == INPUT else network.depths[branch.source]
        return network.depths[index] - source

    def reset_phase(self, network: Network, index: int) -> int:
        """Return the step (counted from 1) at which block `index` first resets, modulo the interval."""
        if not self.pipelined:
            return 1
        if self.reset_offset is None:
            return network.depths[index] + 1
        return self.reset_offset + 1 + network.depths[index] - network.depths[0]

    def resets(self, network: Network, index: int, step: int) -> bool:
        """Tell whether block `index` resets before its update at `step` (counted from 1)."""
        if self.reset_interval is None:
            return False
        return (step - self.reset_phase(network, index)) % self.reset_interval == 0


ALIGNED = Timing()
"""Training's time: no lag, and state is zero at the start of the input only."""
