"""The clip in training: a hardtanh whose output is a stream of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold import fold_gains
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise
from lava_spquant.slayer.stream import Stream

__all__ = ["ClipConfig", "ClipNeuron"]

BITS_MAX = 16


@dataclass(frozen=True)
class ClipConfig:
    """A graded stream between the blocks of a single-step binary network (BitSNNs).

    Parameters
    ----------
    bits : int
        Width of the stream, 2..16: values -1..1 as whole numbers from `-(2**(bits-1) - 1)`.
    bound : float
        Where the stream is clipped: 1 is the paper's hardtanh, a larger one passes more on.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    bits: int = 8
    bound: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.bits, int) and 2 <= self.bits <= BITS_MAX):
            raise ValueError(f"ClipConfig: bits: found {self.bits}, expected a whole number in 2..{BITS_MAX}")
        if not 0 < self.bound < float("inf"):
            raise ValueError(f"ClipConfig: bound: found {self.bound}, expected a positive number")

    @property
    def top(self) -> int:
        """Largest whole number."""
        return 2 ** (self.bits - 1) - 1


class ClipNeuron(SlayerNeuron):
    """Clips its current to `+-bound` and rounds it to the stream's whole numbers; keeps nothing.

    The gradient passes inside the bound and is 0 beyond, hardtanh's own; rounding passes it straight through.

    Parameters
    ----------
    config : ClipConfig
    """

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def unit(self) -> float:
        """Whole numbers per unit of current."""
        return self.config.top / self.config.bound

    def respond(self, current: Tensor) -> Tensor:
        """Return whole numbers in `-top..top`."""
        scaled = torch.clamp(current * self.unit, -self.config.top, self.config.top)
        return scaled + (torch.floor(scaled.detach() + 0.5) - scaled.detach())

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.Clip` on an int32 tensor."""
        assert isinstance(block.neuron, ir.Clip)
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        return {"graded": (current + bias).clamp(block.neuron.low, block.neuron.high)}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold everything real-valued into int16 gains and an int32 bias."""
        top = self.config.top
        folded = fold_gains(name, branches, sources, self.unit, top, spiking=False)
        return ir.Block(name, folded.branches, ir.Clip(-top, top), folded.bias, 0)

    def stream(self, reads: Stream) -> Stream:
        """Return the whole numbers with the scale that makes them currents again."""
        return Stream(-self.config.top, self.config.top, 1 / self.unit)

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "CLIP", "low": -self.config.top, "high": self.config.top}
