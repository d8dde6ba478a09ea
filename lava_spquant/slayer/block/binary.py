"""The block of a deep single-step binary network: binarise, convolve, add the shortcut, clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import ClipConfig, ClipNeuron, ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import ConvSynapse, SlayerSynapse
from lava_spquant.slayer.weightless import IdentitySynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["INITIAL_GAIN", "BinaryConv", "scale_norm"]

INITIAL_GAIN = 0.2


def scale_norm(branch: Branch, gain: float) -> None:
    """Let a branch's batch-norm begin with this factor.

    Raises
    ------
    ValueError
        If the factor is not positive, or the branch has no batch-norm.
    """
    if not 0 < gain < float("inf") or branch.norm is None:
        raise ValueError(f"initial_gain: found {gain} and {branch.norm}, expected a positive number and a batch-norm")
    nn.init.constant_(branch.norm.weight, gain)


class BinaryConv(Deployable):
    """Threshold, binary convolution, batch-norm, plus shortcut, hardtanh (BitSNNs).

    Reads and sends a graded stream. The threshold has a learned bias per channel; the bias behind the hardtanh in the
    paper's block is batch-norm's own, one block later. Where width or stride change, the shortcut is an average over
    `stride` x `stride` places, and channels that the input does not have are zero.

    Parameters
    ----------
    in_features, out_features : int
        Channels, never fewer behind than before.
    kernel_size : int
        Odd.
    stride : int
        1 or 2.
    weight : str or WeightQuantiser
        See `weight_quantiser`.
    clip : ClipConfig
        Width and range of the stream that is sent.
    activation : ThresholdConfig or ClipConfig
        What binarises. A clip instead sends graded values into the convolution: the network that one of spikes is
        compared with.
    initial_gain : float
        Factor of batch-norm at first. With 1 a block would add as much as its shortcut brings, the hardtanh would cut
        two fifths of the gradients at every block, and little would be left of them behind twenty.
    count_log : bool
        Return the mean event rate of the binarised input too.
    reads : Stream
        What arrives, set by `SpikingNetwork`; 8-bit values in -1..1 by default.

    Raises
    ------
    ValueError
        For an even kernel, another stride, or fewer channels behind the block than before it.

    Examples
    --------
    >>> import torch
    >>> BinaryConv(4, 8, stride=2)(torch.ones(1, 4, 6, 10, 1)).shape
    torch.Size([1, 8, 3, 5, 1])
    """

    kind = "binary"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kernel_size: int = 3,
        stride: int = 1,
        *,
        weight: str | WeightQuantiser = "binary-standard",
        clip: ClipConfig | None = None,
        activation: ThresholdConfig | ClipConfig | None = None,
        initial_gain: float = INITIAL_GAIN,
        count_log: bool = False,
        reads: Stream | None = None,
    ) -> None:
        super().__init__(count_log)
        if kernel_size % 2 == 0:
            raise ValueError(f"BinaryConv: kernel_size: found {kernel_size}, expected an odd number")
        if stride not in (1, 2):
            raise ValueError(f"BinaryConv: stride: found {stride}, expected 1 or 2")
        if out_features < in_features:
            raise ValueError(
                f"BinaryConv: out_features: found {out_features}, expected at least the {in_features} that come in"
            )
        self.clip = clip or ClipConfig()
        neuron = ClipNeuron(activation) if isinstance(activation, ClipConfig) else ThresholdNeuron(activation)
        # The bias is what moves a channel's threshold.
        self.binarise = Block(neuron, [Branch(IdentitySynapse(), in_features, bias=True)])
        main = ConvSynapse(in_features, out_features, kernel_size, weight, stride, kernel_size // 2, learn_scale=True)
        plain = in_features == out_features and stride == 1
        skip = IdentitySynapse() if plain else _Shrink(in_features, out_features, stride)
        branches = [Branch(main, out_features, batch_norm=True), Branch(skip, out_features)]
        scale_norm(branches[0], initial_gain)
        self.join = Block(ClipNeuron(self.clip), branches)
        self.set_reads(reads or ClipNeuron(self.clip).stream(SPIKES))

    @property
    def neuron(self) -> object:
        """The neuron that spikes."""
        return self.binarise.neuron

    @property
    def synapse(self) -> SlayerSynapse:
        """The convolution."""
        return self.join.synapse

    @property
    def shape(self) -> object:
        """Shape of the output of one sample at one step, once it is known."""
        return self.join.shape

    @property
    def grad_norm(self) -> float:
        """Gradient norm of the convolution."""
        return self.join.grad_norm

    def forward(self, x: Tensor) -> BlockOutput:
        """Return whole numbers of the stream, NCHWT."""
        self.note_input(x)
        spikes = self.binarise(x)
        out: Tensor = self.join(spikes, x)
        return (out, spikes.mean()) if self.count_log else out

    def plan(self) -> list[Planned]:
        """Return the threshold, then the join, which reads it and the block's input."""
        return [Planned(self.binarise, ".binarise", (BLOCK_INPUT,)), Planned(self.join, ".join", (0, BLOCK_INPUT))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what the threshold and the shortcut read."""
        spikes = self.binarise.set_reads(reads)
        main, skip = self.join.branches
        main.set_reads(spikes)
        skip.set_reads(reads)
        return self.join.neuron.stream(spikes)

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write both blocks as one NetX layer that holds two."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.binarise.branches[0].reads)


class _Shrink(SlayerSynapse):
    """Mean over places, and zeros for new channels: a shortcut without weights of its own.

    Deployed, it is a convolution with ones where input and output channel are the same. An odd side is padded, so that
    as many places come out as of the 3x3 convolution beside it.

    Attributes
    ----------
    hands : Tensor or None
        Which input channel each output channel hands on, -1 for none, int64 (C_out,): a buffer once channels are
        gone. None: its own.
    """

    hands: Tensor | None

    def __init__(self, in_features: int, out_features: int, stride: int) -> None:
        super().__init__()
        self.in_features, self.out_features, self.stride = in_features, out_features, stride
        self.register_buffer("hands", None)
        self.padding = (0, 0)

    def fit(self, input_shape: tuple[int, ...]) -> None:
        """Learn the sides."""
        self.padding = self._margins(input_shape[1:])

    def _margins(self, sides: Sequence[int]) -> tuple[int, int]:
        height, width = (n % self.stride for n in sides)
        return height, width

    def forward(self, x: Tensor) -> Tensor:
        """Return means (M, C_out, H_out, W_out)."""
        height, width = self._margins(x.shape[2:])
        if self.hands is not None:
            x = x[:, self.hands.clamp(min=0)] * (self.hands >= 0).to(x.dtype)[:, None, None]
        x = F.pad(x, (width, width, height, height, 0, self.out_features - x.shape[1]))
        return F.avg_pool2d(x, self.stride)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Keep these channels, wherever what they hand on is now."""
        hands = self._hands()[rows]
        output, place = (hands[:, None] == columns).nonzero(as_tuple=True)
        self.hands = torch.full_like(hands, -1).index_put((output,), place)
        self.out_features, self.in_features = len(rows), len(columns)

    def _hands(self) -> Tensor:
        if self.hands is not None:
            return self.hands
        channels = torch.arange(self.out_features)
        return torch.where(channels < self.in_features, channels, -1)

    def scale(self, channels: int) -> NDArray[np.float64]:
        """Return one over the window's size."""
        return np.full(channels, 1 / self.stride**2)

    def to_ir(self) -> ir.Conv:
        """Return the convolution."""
        weight = np.zeros((self.out_features, self.in_features, self.stride, self.stride), np.int16)
        hands = self._hands().cpu().numpy()
        weight[hands >= 0, hands[hands >= 0]] = 1
        return ir.Conv(weight, ir.TERNARY_BITS, (self.stride, self.stride), self.padding)
