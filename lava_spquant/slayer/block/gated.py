"""A block of which predictors open only a part, sample by sample and step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lava_spquant.ir.gate import check_gate_shape
from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.block.predictor import Predictor
from lava_spquant.slayer.gate import GATES, GateConfig
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.neuron import Cuba
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import SlayerSynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["Gated"]


class Gated(Deployable):
    """A block with gates: dynamic pruning, of channels and of places (SpQuant-SNN).

    A closed channel or place receives no current, and nothing of it has to be computed. Predictors decide from what
    the block's first branch reads, so that they can do so before it; see `Predictor`. In `train()` every forward pass
    leaves their loss behind, which belongs into the sum.

    Parameters
    ----------
    block : Block
        A convolution, or one and a shortcut; becomes part of this block.
    in_features, out_features : int
        Channels that the first branch reads, and that the block sends.
    size : (int, int)
        Height and width of what the first branch reads.
    config : GateConfig, optional
    count_log : bool
        Return the mean event rate too.

    Attributes
    ----------
    predictors : torch.nn.ModuleDict
        "channel", "spatial" or both.
    dense : bool
        Leave everything open in training, for as long as predictors warm up.

    Raises
    ------
    ValueError
        If no kind of gate is wanted, the block is none that can have gates, or its output does not have `out_features`
        channels or does not divide into the cells.

    Examples
    --------
    >>> from lava_spquant.slayer.block.conv import Conv
    >>> conv = Conv({"threshold": 1.0}, 2, 8, 3, padding=1, batch_norm=True)
    >>> gated = Gated(conv, 2, 8, (6, 8), GateConfig("both"))
    >>> gated(torch.ones(1, 2, 6, 8, 4)).shape, [part.gates for part in gated.plan()]
    (torch.Size([1, 8, 6, 8, 4]), [(), (), (), (), (1, 3)])
    """

    kind = "gated"

    def __init__(
        self,
        block: Block,
        in_features: int,
        out_features: int,
        size: tuple[int, int],
        config: GateConfig | None = None,
        *,
        count_log: bool = False,
    ) -> None:
        super().__init__(count_log)
        config = config or GateConfig()
        if isinstance(block.neuron, Cuba) or block.delay_shift or block.count_log:
            raise ValueError("Gated: block: found a CUBA neuron, delay_shift or count_log, expected none of them")
        if not GATES[config.kind]:
            raise ValueError(f"Gated: kind: found {config.kind!r}, expected channel, spatial or both")
        self.block, self.dense = block, False
        made = {kind: Predictor(kind, in_features, out_features, size, config) for kind in GATES[config.kind]}
        sent = block.synapse.to_ir().output_shape((in_features, *size))
        for gate in made.values():
            check_gate_shape(gate.shape, sent, "Gated")
            gate.set_reads(block.branches[0].reads)
        self.predictors = nn.ModuleDict(made)
        self._open: dict[str, Tensor] = {}
        self._loss: Tensor | None = None
        self._register_load_state_dict_pre_hook(self._accept_dense)

    @property
    def gates(self) -> dict[str, Predictor]:
        """The predictors by kind."""
        return dict(self.predictors.items())

    @property
    def branches(self) -> nn.ModuleList:
        """The gated block's branches."""
        return self.block.branches

    @property
    def open_share(self) -> dict[str, float]:
        """Mean share that each predictor left open in the last forward pass of training."""
        return {kind: float(share) for kind, share in self._open.items()}

    def _accept_dense(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Let the state of a block without predictors fit: it is renamed, and predictors keep their own."""
        mine = [name for name in state if name.startswith(prefix)]
        if not mine or any(name.startswith((f"{prefix}predictors.", f"{prefix}block.")) for name in mine):
            return
        for name in mine:
            state[f"{prefix}block.{name.removeprefix(prefix)}"] = state.pop(name)
        for name, value in self.predictors.state_dict().items():
            state[f"{prefix}predictors.{name}"] = value

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

    def forward(self, *inputs: Tensor) -> BlockOutput:
        """Return spikes NCHWT for inputs NCHWT, one per branch."""
        self.note_input(inputs[0])
        if self.training:
            out = self._learn(inputs)
        else:
            out = self.block(*inputs, gates=[gate(inputs[0]) for gate in self.gates.values()])
        return (out, (out > 0).float().mean()) if self.count_log else out

    def _learn(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the output of what is open, and note how well that was predicted."""
        current = self.block.current([time_major(x) for x in inputs])
        masks, losses = [], []
        for kind, gate in self.gates.items():
            mask, loss = gate.learn(inputs[0], current, self.block.neuron)
            # A number would make a GPU wait here.
            self._open[kind] = mask.detach().mean()
            masks.append(mask)
            losses.append(loss)
        self._loss = torch.stack(losses).sum()
        return self.block.respond(current, () if self.dense else masks)

    def take_loss(self) -> Tensor:
        """Return the predictors' loss of the last forward pass in training, and forget it.

        Raises
        ------
        RuntimeError
            If there was none.
        """
        if self._loss is None:
            raise RuntimeError("Gated: loss: found none, expected a forward pass in training")
        loss, self._loss = self._loss, None
        return loss

    def plan(self) -> list[Planned]:
        """Return the two parts of each predictor, which read the block's input, and the block that they gate."""
        parts: list[Planned] = []
        for kind, gate in self.gates.items():
            parts.append(Planned(gate.pool, f".{kind}-sum", (BLOCK_INPUT,)))
            parts.append(Planned(gate.block, f".{kind}-gate", (len(parts) - 1,)))
        sources = (BLOCK_INPUT,) * len(self.branches)
        return [*parts, Planned(self.block, "", sources, tuple(range(1, len(parts), 2)))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what predictors and all branches read."""
        for gate in self.gates.values():
            gate.set_reads(reads)
        return self.block.set_reads(reads)

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write all parts as one NetX layer that holds them."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.block.branches[0].reads)
