"""Loihi's current-based LIF: SLAYER's own neuron in training, Lava's fixed-point LIF in `eval()`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lava.lib.dl.slayer.neuron import cuba as slayer_cuba
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold_stock import fold_stock
from lava_spquant.slayer.layout import nchwt, time_major
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise, decay_toward_zero, saturate
from lava_spquant.slayer.stream import SPIKES, Stream

__all__ = ["Cuba", "CubaConfig"]


@dataclass(frozen=True)
class CubaConfig:
    """SLAYER's CUBA parameters, by SLAYER's names.

    Parameters
    ----------
    threshold : float
        In units of the current; SLAYER rounds it down to 1/64.
    current_decay, voltage_decay : float
        Leak per step, 0..1.
    tau_grad, scale_grad : float
        SLAYER's surrogate gradient.
    requires_grad : bool
        Learn the decays.
    dropout : torch.nn.Module or None
        Applied to spikes in training.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    threshold: float = 1.0
    current_decay: float = 1.0
    voltage_decay: float = 0.5
    tau_grad: float = 1.0
    scale_grad: float = 1.0
    requires_grad: bool = False
    dropout: nn.Module | None = None

    def __post_init__(self) -> None:
        if not self.threshold >= 1 / 64:
            raise ValueError(f"CubaConfig: threshold: found {self.threshold}, expected at least 1/64")
        for what in ("current_decay", "voltage_decay"):
            value = getattr(self, what)
            if not 0 <= value <= 1:
                raise ValueError(f"CubaConfig: {what}: found {value}, expected 0..1")


class Cuba(SlayerNeuron):
    """CUBA LIF for the stock profile, which today's lava-dl and Loihi 2 run as it is.

    Batch-norm acts on the current after its leak, as SLAYER's neuron norms do, so that its offset
    becomes the deployed neuron's bias.

    Parameters
    ----------
    config : CubaConfig
    """

    def __init__(self, config: CubaConfig) -> None:
        super().__init__()
        self.config = config
        self.slayer = slayer_cuba.Neuron(
            threshold=config.threshold,
            current_decay=config.current_decay,
            voltage_decay=config.voltage_decay,
            tau_grad=config.tau_grad,
            scale_grad=config.scale_grad,
            requires_grad=config.requires_grad,
            dropout=config.dropout,
        )

    @property
    def threshold(self) -> float:
        """Threshold in units of the current."""
        return float(self.slayer.threshold)

    def forward(self, branches: Sequence[Branch], inputs: Sequence[Tensor]) -> Tensor:
        """Return spikes (T, N, C, ...) with SLAYER's gradients."""
        branch = branches[0]
        self.slayer.norm = lambda u: nchwt(branch.normalise(time_major(u)))
        try:
            spikes = time_major(self.slayer(nchwt(branch.scaled(inputs[0])).contiguous()))
        finally:
            self.slayer.norm = None
        self.shape = spikes.shape[2:]
        return spikes

    def respond(self, current: Tensor) -> Tensor:
        """Return spikes for a current without batch-norm."""
        return time_major(self.slayer(nchwt(current).contiguous()))

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.Cuba` step by step on int32 tensors."""
        neuron = block.neuron
        assert isinstance(neuron, ir.Cuba)
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        u, v = torch.zeros_like(current[0]), torch.zeros_like(current[0])
        record: dict[str, list[Tensor]] = {"spikes": [], "u": [], "v": []}
        for step in current:
            u = _wrap_once(decay_toward_zero(u, neuron.current_decay) + step)
            m = saturate(decay_toward_zero(v, neuron.voltage_decay) + u + bias)
            s = m > neuron.vth
            v = torch.where(s, 0, m)
            for name, value in (("spikes", s.to(torch.int32)), ("u", u), ("v", v)):
                record[name].append(value)
        return {name: torch.stack(values) for name, values in record.items()}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold batch-norm into 8-bit weights, one threshold and a bias."""
        if len(branches) != 1:
            raise ir.NetworkError(f"block {name!r}: branches: found {len(branches)}, expected 1 into a CUBA neuron")
        folded = fold_stock(name, branches[0], sources[0], self.threshold)
        params = self.slayer.device_params
        neuron = ir.Cuba(int(params["iDecay"]), int(params["vDecay"]), folded.vth)
        return ir.Block(name, (folded.branch,), neuron, folded.bias, 6)

    def stream(self, reads: Stream) -> Stream:
        """Spikes."""
        return SPIKES

    @property
    def device_params(self) -> dict[str, Any]:
        """SLAYER's device parameters."""
        params: dict[str, Any] = self.slayer.device_params
        return params


def _wrap_once(u: Tensor) -> Tensor:
    """Lava's wrap of the current: once, at +2**23 exclusive and -2**23 inclusive."""
    limit = STATE_MAX + 1
    return torch.where(u > limit, u - 2 * limit, torch.where(u <= -limit, u + 2 * limit, u))
