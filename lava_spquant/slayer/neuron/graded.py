"""Neurons that send graded values: the read-out and the relay."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lava_spquant import ir
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold import fold_gains
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise, saturate
from lava_spquant.slayer.stream import Stream

__all__ = ["ReadoutNeuron", "RelayNeuron"]


class ReadoutNeuron(SlayerNeuron):
    """Adds up its current over the sample; sends the sum at every step.

    The output is the running sum of currents; in `eval()` it is the integer membrane potential
    divided by `2**frac_bits`, exactly, so that a loss sees the same units in both modes.

    Parameters
    ----------
    frac_bits : int
        F: a current of 1.0 is `2**F` membrane units.
    """

    def __init__(self, frac_bits: int = 12) -> None:
        super().__init__()
        self.frac_bits = frac_bits

    def respond(self, current: Tensor) -> Tensor:
        """Return the running sum over time."""
        # torch's own cumulative sum has no deterministic form on a GPU.
        return torch.stack(list(accumulate(current)))

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.Readout` step by step on int32 tensors."""
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        v = torch.zeros_like(current[0])
        values = []
        for step in current:
            v = saturate(v + step + bias)
            values.append(v)
        stacked = torch.stack(values)
        return {"graded": stacked, "v": stacked}

    def to_wire(self, output: Tensor) -> Tensor:
        """Return the potential in units of the current; 24 bits fit a float32 exactly."""
        return output.to(torch.get_default_dtype()) * 2.0**-self.frac_bits

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold everything real-valued into int16 gains and an int32 bias."""
        folded = fold_gains(name, branches, sources, 2.0**self.frac_bits, 1 << self.frac_bits, spiking=False)
        return ir.Block(name, folded.branches, ir.Readout(), folded.bias, self.frac_bits)

    def stream(self, reads: Stream) -> Stream:
        """24-bit sums; too wide for another synapse to read."""
        return Stream(-STATE_MAX, STATE_MAX)

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "READOUT"}


class RelayNeuron(SlayerNeuron):
    """Passes accumulators on unchanged: whole numbers, in training and in deployment.

    Parameters
    ----------
    size : int
        How many values are summed into one; the stream's scale divides by it.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, branches: Sequence[Branch], inputs: Sequence[Tensor]) -> Tensor:
        """Return the sums of whole numbers, not scaled."""
        total = branches[0].accumulate(inputs[0])
        self.shape = total.shape[2:]
        return self.respond(total)

    def respond(self, current: Tensor) -> Tensor:
        """Return the sums."""
        return current

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Return the sums; there is no state."""
        return {"graded": current}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Gain 1, no bias."""
        channels = branches[0].out_channels
        synapse = branches[0].to_ir_synapse(f"block {name!r}")
        branch = ir.Branch(synapse, ir.constant_gain(1, channels), 0, sources[0])
        return ir.Block(name, (branch,), ir.Relay(), np.zeros(channels, dtype=np.int32), 0)

    def stream(self, reads: Stream) -> Stream:
        """Return the stream of sums of `size` values, scaled to their mean."""
        return Stream(min(reads.low, 0) * self.size, max(reads.high, 0) * self.size, reads.scale / self.size)

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "RELAY"}
