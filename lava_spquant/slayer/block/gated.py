"""A convolution whose channels a predictor opens, sample by sample and step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.block.pool import Pool
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.gate import MASS, straight_through, target_mask
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.neuron import ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import ConvSynapse, SlayerSynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["Gated"]

OPEN_AT_FIRST = 2.0
"""Initial offset of the predictors' logits, which have a spread of 1: nearly all channels are open."""


class Gated(Deployable):
    """A block of one branch, of which a channel predictor opens only some channels (SpQuant-SNN).

    The predictor takes each input channel's mean over places, one 1x1 convolution with 8-bit weights and batch-norm,
    and opens the channels whose result is positive. A closed channel receives no current. Unlike the paper's, which
    follows Fire-Together-Wire-Together (Elkerdawy et al., CVPR 2022), it has no softmax before the convolution:
    integers have none, and batch-norm does its work of levelling.

    In training it learns by binary cross-entropy to open the channels that hold a share `share` of what the block
    would send if all were open: `loss`, set by every forward pass in `train()`, belongs into the sum.

    Parameters
    ----------
    block : Block
        A convolution; becomes part of this block.
    in_features, out_features : int
        Channels that the block reads and sends.
    size : (int, int)
        Height and width of what it reads.
    weight : str or WeightQuantiser
        Of the predictor.
    joint : bool
        The task's gradient reaches the predictor through its masks, and what precedes through the predictor. Else
        both are decoupled.
    count_log : bool
        Return the mean event rate too.

    Attributes
    ----------
    share : float
        r of `target_mask`.
    dense : bool
        Leave all channels open in training, for as long as predictors warm up.
    loss : Tensor or None
        Mean over samples, steps and channels; forgotten by `take_loss`.
    open_share : float
        Mean share of open channels in the last forward pass of training.

    Raises
    ------
    ValueError
        If the block has several branches.

    Examples
    --------
    >>> from lava_spquant.slayer.block.conv import Conv
    >>> conv = Conv({"threshold": 1.0}, 2, 8, 3, padding=1, batch_norm=True)
    >>> gated = Gated(conv, 2, 8, (6, 9))
    >>> gated(torch.ones(1, 2, 6, 9, 4)).shape, [part.suffix for part in gated.plan()]
    (torch.Size([1, 8, 6, 9, 4]), ['.pool', '.predictor', ''])
    """

    kind = "gated"

    def __init__(
        self,
        block: Block,
        in_features: int,
        out_features: int,
        size: tuple[int, int],
        *,
        weight: str | WeightQuantiser = "sawb8",
        joint: bool = False,
        count_log: bool = False,
    ) -> None:
        super().__init__(count_log)
        if len(block.branches) != 1:
            raise ValueError(f"Gated: block: found {len(block.branches)} branches, expected 1")
        self.block, self.joint, self.share, self.dense = block, joint, MASS, False
        self.pool = Pool(None, size)
        self.predictor = Block(
            ThresholdNeuron(ThresholdConfig(learn_delta=False)),
            [Branch(ConvSynapse(in_features, out_features, 1, weight), out_features, batch_norm=True)],
        )
        nn.init.constant_(self._logits.norm.bias, OPEN_AT_FIRST)  # type: ignore[union-attr]
        self.loss: Tensor | None = None
        self.open_share = 1.0
        self._register_load_state_dict_pre_hook(self._accept_dense)
        self.set_reads(block.branches[0].reads)

    def _accept_dense(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Let the state of a network without predictors fit: the block's is renamed, the predictor keeps its own."""
        mine = [name for name in state if name.startswith(prefix)]
        if not mine or any(name.startswith(f"{prefix}predictor.") for name in mine):
            return
        for name in mine:
            state[f"{prefix}block.{name.removeprefix(prefix)}"] = state.pop(name)
        for name, value in self.predictor.state_dict().items():
            state[f"{prefix}predictor.{name}"] = value

    @property
    def _logits(self) -> Branch:
        branch = self.predictor.branches[0]
        assert isinstance(branch, Branch)
        return branch

    @property
    def neuron(self) -> object:
        """The gated block's neuron."""
        return self.block.neuron

    @property
    def synapse(self) -> SlayerSynapse:
        """The gated convolution."""
        return self.block.synapse

    @property
    def shape(self) -> object:
        """Shape of the output of one sample at one step, once it is known."""
        return self.block.shape

    @property
    def grad_norm(self) -> float:
        """Gradient norm of the gated convolution."""
        return self.block.grad_norm

    def forward(self, x: Tensor) -> BlockOutput:
        """Return spikes NCHWT."""
        self.note_input(x)
        if self.training:
            out = self._learn(x)
        else:
            mask = self.predictor(self.pool(x))
            out = self.block(x, gates=(mask,))
        return (out, (out > 0).float().mean()) if self.count_log else out

    def _learn(self, x: Tensor) -> Tensor:
        """Return the output of open channels, and note how well they were predicted."""
        pooled = self.pool(x if self.joint else x.detach())
        self.predictor.note_input(pooled)
        logits = self._logits.current(time_major(pooled))
        current = self.block.current([time_major(x)])
        with torch.no_grad():
            dense = self.block.neuron.respond(current)
            mass = dense.flatten(3).mean(3) if dense.ndim > 3 else dense
            wanted = target_mask(mass, self.share)
        self.loss = binary_cross_entropy_with_logits(logits.flatten(2), wanted)
        self.open_share = float((logits.detach() > 0).float().mean())
        if self.dense:
            return self.block.respond(current)
        mask = straight_through(logits) if self.joint else (logits > 0).to(current.dtype).detach()
        return self.block.respond(current, [mask])

    def take_loss(self) -> Tensor:
        """Return the predictor's loss of the last forward pass in training, and forget it.

        Raises
        ------
        RuntimeError
            If there was none.
        """
        if self.loss is None:
            raise RuntimeError("Gated: loss: found none, expected a forward pass in training")
        loss, self.loss = self.loss, None
        return loss

    def plan(self) -> list[Planned]:
        """Return the predictor's two parts, which read the block's input, and the block that they gate."""
        return [
            Planned(self.pool, ".pool", (BLOCK_INPUT,)),
            Planned(self.predictor, ".predictor", (0,)),
            Planned(self.block, "", (BLOCK_INPUT,), (1,)),
        ]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what predictor and convolution read."""
        self.predictor.set_reads(self.pool.set_reads(reads))
        return self.block.set_reads(reads)

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write all three parts as one NetX layer that holds them."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.block.branches[0].reads)
