"""The clip in training: a hardtanh whose output is a stream of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lava_spquant import ir
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold import fold_gains
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise, gradient_inside
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
    signed : bool
        Clip at `-bound` below; else at 0, which makes it a ReLU.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    bits: int = 8
    bound: float = 1.0
    signed: bool = True

    def __post_init__(self) -> None:
        if not (isinstance(self.bits, int) and 2 <= self.bits <= BITS_MAX):
            raise ValueError(f"ClipConfig: bits: found {self.bits}, expected a whole number in 2..{BITS_MAX}")
        if not 0 < self.bound < float("inf"):
            raise ValueError(f"ClipConfig: bound: found {self.bound}, expected a positive number")

    @property
    def top(self) -> int:
        """Largest whole number."""
        return 2 ** (self.bits - 1) - 1

    @property
    def low(self) -> int:
        """Smallest whole number."""
        return -self.top if self.signed else 0


class ClipNeuron(SlayerNeuron):
    """Clips its current to `+-bound` (or 0..`bound`) and rounds it to the stream's whole numbers; keeps nothing.

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
        """Return whole numbers in `low..top`."""
        result: Tensor = _Clip.apply(current, self.unit, self.config.low, self.config.top)
        return result

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.Clip` on an int32 tensor."""
        assert isinstance(block.neuron, ir.Clip)
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        return {"graded": (current + bias).clamp(block.neuron.low, block.neuron.high)}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold everything real-valued into int16 gains and an int32 bias."""
        low, top = self.config.low, self.config.top
        folded = fold_gains(name, branches, sources, self.unit, top, spiking=False)
        return ir.Block(name, folded.branches, ir.Clip(low, top), folded.bias, 0)

    def stream(self, reads: Stream) -> Stream:
        """Return the whole numbers with the scale that makes them currents again."""
        return Stream(self.config.low, self.config.top, 1 / self.unit)

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "CLIP", "low": self.config.low, "high": self.config.top}


class _Clip(torch.autograd.Function):
    """Hardtanh and rounding together: few passes over memory, which is what they cost."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, unit: float, low: int, top: int) -> Tensor:
        ctx.save_for_backward(current)
        ctx.unit, ctx.bounds = unit, (low / unit, top / unit)
        return (current * unit).clamp_(low, top).add_(0.5).floor_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (current,) = ctx.saved_tensors
        inside = gradient_inside(grads[0], current, *ctx.bounds)
        return inside.mul_(ctx.unit), None, None, None
