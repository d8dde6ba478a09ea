"""The threshold in training: a single-step neuron with a learned straight-through gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from lava_spquant import ir
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold import fold_gains
from lava_spquant.slayer.fold_threshold import decide_alike
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise, gradient_inside
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.surrogate import AsymmetricBox, Surrogate, spike

__all__ = ["ThresholdConfig", "ThresholdNeuron", "learned_spike"]

DELTA_MIN = 1e-2
"""A reach below this would let through gradients of more than a hundred."""


@dataclass(frozen=True)
class ThresholdConfig:
    """A neuron that spikes where its current is positive, and forgets.

    Parameters
    ----------
    surrogate : Surrogate
        Gradient of the spike; the paper's is `AsymmetricBox(delta=2, rho=0.3)`.
    learn_delta : bool
        Learn the box's reach, one for all neurons (BitSNNs, learnable straight-through estimator).
    frac_bits : int
        F: a current of 1 is `2**F` units in the deployed network.

    Raises
    ------
    ValueError
        If a reach is to be learned that the surrogate does not have, or `frac_bits` is not in 4..20.
    """

    surrogate: Surrogate = field(default_factory=AsymmetricBox)
    learn_delta: bool = True
    frac_bits: int = 12

    def __post_init__(self) -> None:
        if self.learn_delta and not isinstance(self.surrogate, AsymmetricBox):
            raise ValueError(
                f"ThresholdConfig: learn_delta: found True with {self.surrogate}, expected an AsymmetricBox, or False"
            )
        if not 4 <= self.frac_bits <= 20:
            raise ValueError(f"ThresholdConfig: frac_bits: found {self.frac_bits}, expected 4..20")


class ThresholdNeuron(SlayerNeuron):
    """Spikes where its current, biases included, is above 0.

    Parameters
    ----------
    config : ThresholdConfig, optional

    Attributes
    ----------
    raised : float
        By how much the threshold is above 0 in training, in units of the current; 0 by default.
    graded : float
        Share, 0..1, that graded values have in what training sends; 0 by default, spikes alone. They are the current
        where it is in 0..1, clipped to that beyond.
    """

    delta: Tensor | None

    def __init__(self, config: ThresholdConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ThresholdConfig()
        self.raised = 0.0
        self.graded = 0.0
        box = config.surrogate
        learned = config.learn_delta and isinstance(box, AsymmetricBox)
        self.delta = nn.Parameter(torch.tensor(box.delta)) if learned and isinstance(box, AsymmetricBox) else None

    def respond(self, current: Tensor) -> Tensor:
        """Return spikes, or in training what is on the way to them."""
        if self.training and self.raised:
            current = current - self.raised
        spikes = self._spikes(current)
        return spikes.lerp(current.clamp(0, 1), self.graded) if self.training and self.graded else spikes

    def _spikes(self, current: Tensor) -> Tensor:
        box = self.config.surrogate
        if self.delta is None or not isinstance(box, AsymmetricBox):
            return spike(current, box)
        return learned_spike(current, self.delta.clamp(min=DELTA_MIN), box.rho)

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.Threshold` on an int32 tensor."""
        assert isinstance(block.neuron, ir.Threshold)
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        return {"spikes": (current + bias > block.neuron.vth).to(torch.int32)}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold everything real-valued into int16 gains and an int32 bias; the threshold is 0."""
        unit = 1 << self.config.frac_bits
        folded = fold_gains(name, branches, sources, float(unit), unit, spiking=True, fires_above=0)
        bias = folded.bias
        if len(branches) == 1:
            bias = decide_alike(branches[0], folded.branches[0], bias)
        return ir.Block(name, folded.branches, ir.Threshold(0), bias, self.config.frac_bits)

    def stream(self, reads: Stream) -> Stream:
        """Spikes."""
        return SPIKES

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "THRESHOLD", "vTh": 0}


def learned_spike(x: Tensor, delta: Tensor, rho: float) -> Tensor:
    """Return 1 where `x > 0`, with BitSNNs' learnable straight-through gradient.

    With `z = 1[-rho * delta <= x <= delta]`: `da/dx = z / delta` and `da/ddelta = -x z / delta**2`.

    Parameters
    ----------
    x : Tensor
    delta : Tensor, ()
        Reach above 0; below, it is `rho * delta`.
    rho : float
    """
    result: Tensor = _LearnedSpike.apply(x, delta, rho)
    return result


class _LearnedSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, delta: Tensor, rho: float) -> Tensor:
        ctx.save_for_backward(x, delta)
        ctx.rho = rho
        return (x > 0).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        x, delta = ctx.saved_tensors
        reach = x / delta
        # The bounds belong to the box, which `gradient_inside` leaves out.
        wider = 1 + torch.finfo(x.dtype).eps
        through = gradient_inside(grads[0], reach, -ctx.rho * wider, wider).div_(delta)
        return through, -(through * reach).sum(), None
