"""Residual block: two convolutions with a skip connection into the second neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned, nested
from lava_spquant.slayer.block.conv import Conv
from lava_spquant.slayer.block.gated import Gated
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.gate import GateConfig
from lava_spquant.slayer.neuron import CubaConfig, NeuronParams, make_neuron, neuron_config
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import ConvSynapse, SlayerSynapse
from lava_spquant.slayer.weightless import IdentitySynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["Residual"]


class Residual(Deployable):
    """conv, neuron, conv, plus shortcut current, neuron: the basic block of ResNet-19.

    The shortcut's current is added before the second neuron. It is the input itself where shape and
    width stay, and a 1x1 convolution with batch-norm where they change.

    Parameters
    ----------
    neuron_params : QLifConfig or mapping
        Both neurons; a quantised-membrane LIF, since a CUBA neuron has one branch.
    in_features, out_features : int
        Channels.
    kernel_size : int or (int, int)
        Odd, so that the shapes of the two ways agree.
    stride : int or (int, int)
        Of the first convolution and of the shortcut.
    weight : str or WeightQuantiser
        See `weight_quantiser`.
    batch_norm : bool
        After every convolution.
    count_log : bool
        Return the mean event rate too.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.
    gates : GateConfig, optional
        Put predictors before both neurons: each reads what its convolution reads, and gates all of its neuron's
        current, the shortcut's included. See `Gated`.
    size : (int, int), optional
        Height and width of the input, which predictors need to know.

    Raises
    ------
    ValueError
        For an even kernel or a CUBA neuron, or gates that do not fit.

    Examples
    --------
    >>> import torch
    >>> Residual({"threshold": 1.0}, 4, 8, stride=2)(torch.ones(1, 4, 6, 10, 2)).shape
    torch.Size([1, 8, 3, 5, 2])
    """

    kind = "residual"

    def __init__(
        self,
        neuron_params: NeuronParams,
        in_features: int,
        out_features: int,
        kernel_size: int | tuple[int, int] = 3,
        stride: int | tuple[int, int] = 1,
        *,
        weight: str | WeightQuantiser = "ternary",
        batch_norm: bool = True,
        count_log: bool = False,
        reads: Stream = SPIKES,
        gates: GateConfig | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(count_log)
        if isinstance(neuron_config(neuron_params), CubaConfig):
            raise ValueError("Residual: neuron_params: found a CUBA neuron, expected one that adds up two branches")
        kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        if kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
            raise ValueError(f"Residual: kernel_size: found {kernel_size}, expected odd numbers")
        padding = (kernel[0] // 2, kernel[1] // 2)
        strides = (stride, stride) if isinstance(stride, int) else stride
        first = Conv(
            neuron_params, in_features, out_features, kernel, strides, padding, weight=weight, batch_norm=batch_norm
        )
        second = ConvSynapse(out_features, out_features, kernel, weight, 1, padding)
        plain = in_features == out_features and strides == (1, 1)
        skip: SlayerSynapse = IdentitySynapse() if plain else ConvSynapse(in_features, out_features, 1, weight, strides)
        join = Block(
            make_neuron(neuron_params, out_features),
            [
                Branch(second, out_features, batch_norm=batch_norm),
                Branch(skip, out_features, batch_norm=batch_norm and not plain),
            ],
        )
        self.first: Block | Gated = first
        self.join: Block | Gated = join
        if gates is not None:
            if size is None:
                raise ValueError("Residual: size: found none, expected height and width of what predictors read")
            hidden = (size[0] - 1) // strides[0] + 1, (size[1] - 1) // strides[1] + 1
            self.first = Gated(first, in_features, out_features, size, gates)
            self.join = Gated(join, out_features, out_features, hidden, gates)
        self.set_reads(reads)

    @property
    def neuron(self) -> object:
        """The second neuron."""
        return self.join.neuron

    @property
    def synapse(self) -> SlayerSynapse:
        """The first convolution."""
        return self.first.synapse

    @property
    def shape(self) -> object:
        """Shape of the output of one sample at one step, once it is known."""
        return self.join.shape

    @property
    def grad_norm(self) -> float:
        """Gradient norm of the first convolution."""
        return self.first.grad_norm

    def forward(self, x: Tensor) -> BlockOutput:
        """Return spikes NCHWT."""
        self.note_input(x)
        hidden = self.first(x)
        out: Tensor = self.join(hidden, x)
        return (out, (out > 0).float().mean()) if self.count_log else out

    def plan(self) -> list[Planned]:
        """Return the first convolution, then the join, which reads it and the block's input; each behind its gates."""
        first = nested(self.first.plan(), ".first", 0, (BLOCK_INPUT,))
        return [*first, *nested(self.join.plan(), ".join", len(first), (len(first) - 1, BLOCK_INPUT))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what the first convolution and the shortcut read."""
        sent = self.join.set_reads(self.first.set_reads(reads))
        self.join.branches[1].set_reads(reads)
        return sent

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write both blocks as one NetX layer that holds two."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.first.branches[0].reads)
