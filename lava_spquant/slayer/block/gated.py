"""A convolution of which predictors open only a part, sample by sample and step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.gate import GATES, GateConfig
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.predictor import Predictor
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import SlayerSynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["Gated"]


class Gated(Deployable):
    """A block of one branch with gates: dynamic pruning, of channels and of places (SpQuant-SNN).

    A closed channel or place receives no current, and nothing of it has to be computed. Predictors decide from what
    the block reads, so that they can do so before it; see `Predictor`. In `train()` every forward pass leaves their
    loss behind, which belongs into the sum.

    Parameters
    ----------
    block : Block
        A convolution; becomes part of this block.
    in_features, out_features : int
        Channels that the block reads and sends.
    size : (int, int)
        Height and width of what it reads.
    config : GateConfig, optional
    count_log : bool
        Return the mean event rate too.

    Attributes
    ----------
    predictors : torch.nn.ModuleDict
        "channel", "spatial" or both.
    dense : bool
        Leave everything open in training, for as long as predictors warm up.
    open_share : dict of str to float
        Mean share that each predictor left open in the last forward pass of training.

    Raises
    ------
    ValueError
        If the block has several branches, or no kind of gate is wanted.

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
        if len(block.branches) != 1:
            raise ValueError(f"Gated: block: found {len(block.branches)} branches, expected 1")
        if not GATES[config.kind]:
            raise ValueError(f"Gated: kind: found {config.kind!r}, expected channel, spatial or both")
        self.block, self.dense = block, False
        made = {kind: Predictor(kind, in_features, out_features, size, config) for kind in GATES[config.kind]}
        self.predictors = nn.ModuleDict(made)
        self.open_share = dict.fromkeys(made, 1.0)
        self._loss: Tensor | None = None
        self._register_load_state_dict_pre_hook(self._accept_dense)
        self.set_reads(block.branches[0].reads)

    @property
    def gates(self) -> dict[str, Predictor]:
        """The predictors by kind."""
        return dict(self.predictors.items())

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

    def forward(self, x: Tensor) -> BlockOutput:
        """Return spikes NCHWT."""
        self.note_input(x)
        out = self._learn(x) if self.training else self.block(x, gates=[gate(x) for gate in self.gates.values()])
        return (out, (out > 0).float().mean()) if self.count_log else out

    def _learn(self, x: Tensor) -> Tensor:
        """Return the output of what is open, and note how well that was predicted."""
        current = self.block.current([time_major(x)])
        masks, losses = [], []
        for kind, gate in self.gates.items():
            mask, loss = gate.learn(x, current, self.block.neuron)
            self.open_share[kind] = float(mask.detach().mean())
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
        return [*parts, Planned(self.block, "", (BLOCK_INPUT,), tuple(range(1, len(parts), 2)))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what predictors and convolution read."""
        for gate in self.gates.values():
            gate.set_reads(reads)
        return self.block.set_reads(reads)

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write all parts as one NetX layer that holds them."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self.block.branches[0].reads)
