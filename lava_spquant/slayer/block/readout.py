"""Blocks that end a network: the read-out and the population average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer.block.base import Block, BlockOutput
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import ReadoutNeuron, RelayNeuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import DenseSynapse, SlayerSynapse

__all__ = ["Average", "Readout"]


class Readout(Block):
    """Dense synapses into accumulators that never spike: the classifier of SpQuant-SNN.

    Returns NCT: at every step the sum of the currents so far. The last step divided by T is the mean
    output; the difference of neighbouring steps is the output of one step (TET loss).

    Parameters
    ----------
    in_neurons, out_neurons : int
    weight : str or WeightQuantiser
        8 bits by default: METHODS keeps the classifier at higher precision.
    batch_norm, bias : bool
        See `Branch`.
    frac_bits : int
        A current of 1.0 is `2**frac_bits` membrane units.
    count_log : bool
        Return the mean event rate too.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.

    Examples
    --------
    >>> import torch
    >>> Readout(20, 10)(torch.ones(2, 20, 4)).shape
    torch.Size([2, 10, 4])
    """

    kind = "readout"
    terminal = True

    def __init__(
        self,
        in_neurons: int,
        out_neurons: int,
        *,
        weight: str | WeightQuantiser = "sawb8",
        batch_norm: bool = False,
        bias: bool = True,
        frac_bits: int = 12,
        count_log: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        synapse = DenseSynapse(in_neurons, out_neurons, weight)
        branch = Branch(synapse, out_neurons, batch_norm=batch_norm, bias=bias, reads=reads)
        super().__init__(ReadoutNeuron(frac_bits), [branch], count_log=count_log)


class _GroupSum(SlayerSynapse):
    """Sum over equal groups of consecutive neurons, (M, num_outputs * size) to (M, num_outputs)."""

    needs_all_inputs = True

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        self.num_outputs = num_outputs
        self.size = 0

    def fit(self, input_shape: tuple[int, ...]) -> None:
        count = int(np.prod(input_shape))
        if count % self.num_outputs:
            raise ValueError(f"Average: inputs: found {input_shape}, expected a multiple of {self.num_outputs}")
        self.size = count // self.num_outputs

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), self.num_outputs, -1).sum(dim=2)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Do nothing: inputs and outputs keep their number."""

    def to_ir(self) -> ir.Dense:
        groups = np.kron(np.eye(self.num_outputs, dtype=np.int16), np.ones((1, self.size), dtype=np.int16))
        return ir.Dense(groups.astype(np.int16), ir.TERNARY_BITS)


class Average(Block):
    """Mean over equal groups of neurons; stands in for `slayer.block.cuba.Average`.

    Returns NCT: the group's mean spike count at every step, in 0..1. Deployed, it sends the group's sum
    as a graded value. It ends a network.

    Parameters
    ----------
    num_outputs : int
        Number of groups.
    count_log : bool
        Return the mean event rate too.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.

    Raises
    ------
    ValueError
        In the forward pass, if the inputs cannot be divided into equal groups.

    Examples
    --------
    >>> import torch
    >>> Average(2)(torch.tensor([[[1.0], [0.0], [1.0], [1.0]]])).tolist()
    [[[0.5], [1.0]]]
    """

    kind = "average"
    terminal = True

    def __init__(self, num_outputs: int, count_log: bool = False, *, reads: Stream = SPIKES) -> None:
        groups = _GroupSum(num_outputs)
        super().__init__(RelayNeuron(1), [Branch(groups, num_outputs, reads=reads)], count_log=count_log)

    def forward(self, *inputs: Tensor, gates: Sequence[Tensor] = ()) -> BlockOutput:
        """Return the mean of every group (N, num_outputs, T)."""
        out = super().forward(*inputs, gates=gates)
        groups = self.synapse
        assert isinstance(groups, _GroupSum)
        return (out[0] / groups.size, out[1]) if isinstance(out, tuple) else out / groups.size
