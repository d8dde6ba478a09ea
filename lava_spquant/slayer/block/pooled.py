"""Convolution whose currents are averaged before the neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lava_spquant import ir
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import NeuronParams, RelayNeuron, make_neuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import ConvSynapse
from lava_spquant.slayer.weightless import PoolSynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["PooledConv"]


class PooledConv(Deployable):
    """Convolution, average pooling of its currents, batch-norm, neuron: the block of MobileNet-tiny.

    Pooling before the neuron keeps a quarter of the state that pooling behind it does. Deployed, the convolution
    becomes a relay that sends its accumulators, and a sum-pool of them is the neuron's branch; weight scale,
    batch-norm and one over the window's size are that branch's gain.

    Parameters
    ----------
    neuron_params : QLifConfig or mapping
        A CUBA neuron reads no graded values in the stock profile, and is refused at the export.
    in_features, out_features : int
        Channels.
    kernel_size : int or (int, int)
        (height, width), as below.
    pool_size : int or (int, int)
        Window and stride of the average.
    stride, padding : int or (int, int)
        Of the convolution.
    groups : int
    weight : str or WeightQuantiser
        See `weight_quantiser`.
    batch_norm, bias : bool
        Behind the pooling.
    count_log : bool
        Return the mean event rate too.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.

    Examples
    --------
    >>> import torch
    >>> PooledConv({"threshold": 1.0}, 3, 8, 3, 2, padding=1)(torch.ones(1, 3, 6, 10, 2)).shape
    torch.Size([1, 8, 3, 5, 2])
    """

    kind = "pooled"

    def __init__(
        self,
        neuron_params: NeuronParams,
        in_features: int,
        out_features: int,
        kernel_size: int | tuple[int, int],
        pool_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
        *,
        weight: str | WeightQuantiser = "ternary",
        batch_norm: bool = True,
        bias: bool = False,
        count_log: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        super().__init__(count_log)
        synapse = ConvSynapse(in_features, out_features, kernel_size, weight, stride, padding, groups=groups)
        self.conv = Block(RelayNeuron(1), [Branch(synapse, out_features)])
        pool = _PooledBranch(self.conv, pool_size, out_features, batch_norm, bias)
        self.join = Block(make_neuron(neuron_params, out_features), [pool])
        self.set_reads(reads)

    @property
    def neuron(self) -> object:
        """The neuron."""
        return self.join.neuron

    @property
    def synapse(self) -> object:
        """The convolution."""
        return self.conv.synapse

    @property
    def shape(self) -> object:
        """Shape of the output of one sample at one step, once it is known."""
        return self.join.shape

    @property
    def grad_norm(self) -> float:
        """Gradient norm of the convolution."""
        return self.conv.grad_norm

    def forward(self, x: Tensor) -> BlockOutput:
        """Return spikes NCHWT."""
        self.note_input(x)
        out: Tensor = self.join(self.conv(x))
        return (out, (out > 0).float().mean()) if self.count_log else out

    def plan(self) -> list[Planned]:
        """Return the convolution, which reads the block's input, and the pool into the neuron."""
        return [Planned(self.conv, ".conv", (BLOCK_INPUT,)), Planned(self.join, ".join", (0,))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what the convolution reads."""
        self.conv.set_reads(reads)
        branch = self.join.branches[0]
        assert isinstance(branch, _PooledBranch)
        # The convolution's own sums must leave room for the pool's.
        self.conv.synapse.reads(branch.size * max(-reads.proven[0], reads.proven[1]))
        most = (1 << (STATE_MAX // branch.size).bit_length() - 1) - 1
        return self.join.neuron.stream(branch.follow(Stream(-most, most, reads.scale / branch.size)))

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write both blocks as one NetX layer that holds two."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.conv.branches[0].reads)


class _PooledBranch(Branch):
    """Sum-pool of a convolution's accumulators, worth as much as the convolution's weights say."""

    def __init__(
        self, conv: Block, pool_size: int | tuple[int, int], channels: int, batch_norm: bool, bias: bool
    ) -> None:
        super().__init__(PoolSynapse(pool_size), channels, batch_norm=batch_norm, bias=bias)
        # In a tuple it is no submodule: its parameters are the first block's.
        self._conv = (conv,)

    @property
    def size(self) -> int:
        """Values summed into one."""
        synapse = self.synapse
        assert isinstance(synapse, PoolSynapse)
        return synapse.size

    def follow(self, reads: Stream) -> Stream:
        """Declare the accumulators that arrive and return them."""
        self.set_reads(reads)
        return reads

    def affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (factor, offset), as `Branch.affine`, of whole accumulators of the convolution."""
        factor, offset = super().affine()
        return factor * self._conv[0].synapse.scale(self.out_channels), offset

    def acc_bound(self, synapse: ir.Synapse) -> NDArray[np.int64]:
        """Return the largest magnitude of a sum, from the convolution's weights as they are."""
        low, high = self._conv[0].synapse.to_ir().acc_bounds(self._conv[0].branches[0].reads.proven)
        return np.full(self.out_channels, self.size * max(-int(low.min()), int(high.max())), np.int64)
