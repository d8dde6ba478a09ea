"""The block of training: branches into one neuron, with SLAYER's interface around them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from lava.lib.dl.slayer.block.base import step_delay
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer import exact
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.gate import open_mask
from lava_spquant.slayer.layout import nchwt, time_major
from lava_spquant.slayer.neuron import SlayerNeuron
from lava_spquant.slayer.neuron.base import channelwise
from lava_spquant.slayer.stream import Stream, check_values
from lava_spquant.slayer.synapse import SlayerSynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["BLOCK_INPUT", "Block", "BlockOutput", "Deployable", "Planned", "nested", "refuse_delay"]

BLOCK_INPUT = -1
"""A planned source that stands for the block's own input."""

BlockOutput = Tensor | tuple[Tensor, Tensor | None]
"""Output, or output and mean event rate where `count_log` is set."""


@dataclass(frozen=True, eq=False)
class Planned:
    """One deployed block of a trained one.

    Attributes
    ----------
    block : Block
    suffix : str
        Tells the parts of a composite apart; empty for the only part.
    sources : tuple of int
        Per branch, an earlier part of the same composite, or `BLOCK_INPUT`.
    gates : tuple of int
        Earlier parts of the same composite that gate this one.
    """

    block: Block
    suffix: str
    sources: tuple[int, ...]
    gates: tuple[int, ...] = ()


def nested(plan: Sequence[Planned], suffix: str, first: int, inputs: Sequence[int]) -> list[Planned]:
    """Return the plan of one part of a composite as a stretch of the composite's own.

    Parameters
    ----------
    plan : sequence of Planned
        The part's.
    suffix : str
        Of the part, before those in its plan.
    first : int
        How many parts of the composite are planned before.
    inputs : sequence of int
        For each branch that reads the part's own input, by its place: an earlier part of the composite, or
        `BLOCK_INPUT`.
    """
    found = []
    for part in plan:
        sources = (inputs[place] if s == BLOCK_INPUT else first + s for place, s in enumerate(part.sources))
        gates = (first + gate for gate in part.gates)
        found.append(Planned(part.block, f"{suffix}{part.suffix}", tuple(sources), tuple(gates)))
    return found


class Deployable(nn.Module, ABC):
    """Anything that a model is made of, as SLAYER's blocks are.

    Attributes
    ----------
    kind : str
        Names the block in errors and deployed names.
    terminal : bool
        Nothing can read its output.
    count_log : bool
        Return (output, mean event rate) instead of the output.
    input_shape : tuple of int or None
        (C, H, W) or (C,) of the last input seen; `export_hdf5` needs it.
    """

    kind: str = "block"
    terminal: bool = False

    def __init__(self, count_log: bool = False) -> None:
        super().__init__()
        self.count_log = count_log
        self.input_shape: tuple[int, ...] | None = None

    @abstractmethod
    def plan(self) -> list[Planned]:
        """Return the deployed blocks that this one becomes, in order; the last is its output."""

    @abstractmethod
    def set_reads(self, reads: Stream) -> Stream:
        """Declare what arrives and return what is sent on."""

    @abstractmethod
    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write this block as one NetX layer into `handle`, as SLAYER's blocks do.

        Parameters
        ----------
        handle : h5py.Group
            An empty group, `layer/<n>` of the file.

        Raises
        ------
        RuntimeError
            If the block has not seen an input yet, so that its shape is unknown.
        NetworkError
            If the block cannot be represented in integers.
        """

    def note_input(self, x: Tensor) -> None:
        """Remember the shape of one sample at one step of an NCT or NCHWT tensor."""
        self.input_shape = tuple(x.shape[1:-1])

    def seen_shape(self) -> tuple[int, ...]:
        """Return `input_shape`, refusing a block that has seen nothing."""
        if self.input_shape is None:
            raise RuntimeError(f"{self.kind}: input shape: found none, expected one forward pass before the export")
        return self.input_shape


class Block(Deployable):
    """Branches that add up into one neuron.

    In `train()` mode the forward pass is float with surrogate gradients; in `eval()` mode it runs the
    integers of `to_ir_block`, the same that are exported, on whole numbers.

    Parameters
    ----------
    neuron : SlayerNeuron
    branches : sequence of Branch
        One input tensor each, in this order.
    delay_shift : bool
        Shift the output by one step, as SLAYER's blocks do by default. Off here: a deployed
        network resets every layer when the sample reaches it, so no step is lost.
    count_log : bool
        Return the mean event rate too.
    """

    def __init__(
        self, neuron: SlayerNeuron, branches: Sequence[Branch], *, delay_shift: bool = False, count_log: bool = False
    ) -> None:
        super().__init__(count_log)
        self.neuron = neuron
        self.branches = nn.ModuleList(branches)
        self.delay_shift = delay_shift
        self.record: dict[str, Tensor] | None = None

    @property
    def synapse(self) -> SlayerSynapse:
        """Synapse of the first branch."""
        return self._branches[0].synapse

    @property
    def shape(self) -> torch.Size | None:
        """Shape of the output of one sample at one step, once it is known."""
        return self.neuron.shape

    @property
    def grad_norm(self) -> float:
        """Norm of the first synapse's gradient divided by its number of weights."""
        return self.synapse.grad_norm

    @property
    def _branches(self) -> list[Branch]:
        return list(self.branches)

    def forward(self, *inputs: Tensor, gates: Sequence[Tensor] = ()) -> BlockOutput:
        """Return spikes or graded values.

        Parameters
        ----------
        *inputs : Tensor, NCT or NCHWT
            One per branch: whole numbers (spikes, an image, pooled spikes).
        gates : sequence of Tensor, NCT or NCHWT
            0 or 1: where the current passes; see `lava_spquant.ir.Gate`.

        Returns
        -------
        Tensor, NCT or NCHWT
            With its mean event rate where `count_log` is set.
        """
        self.note_input(inputs[0])
        steps, masks = [time_major(x) for x in inputs], [time_major(gate) for gate in gates]
        for branch, x in zip(self._branches, steps, strict=True):
            branch.fit(tuple(x.shape[2:]))
        if not self.training:
            result = nchwt(self._forward_exact(steps, masks))
        elif masks:
            result = self.respond(self.current(steps), masks)
        else:
            result = nchwt(self.neuron(self._branches, steps))
        if self.delay_shift:
            # SLAYER's function asks a module for persistent state; a bare one has none.
            result = step_delay(nn.Identity(), result)
        return (result, (result > 0).float().mean()) if self.count_log else result

    def current(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the float current (T, N, C, ...) of all branches for inputs (T, N, ...), with gradients."""
        for branch, x in zip(self._branches, inputs, strict=True):
            branch.fit(tuple(x.shape[2:]))
        parts = [branch.current(x) for branch, x in zip(self._branches, inputs, strict=True)]
        return sum(parts[1:], start=parts[0])

    def respond(self, current: Tensor, gates: Sequence[Tensor] = ()) -> Tensor:
        """Return the neurons' output, NCT or NCHWT, for a current and gates (T, N, ...), with gradients."""
        self.neuron.shape = current.shape[2:]
        return nchwt(self.neuron.respond(current * open_mask(gates, current.shape[2:]) if gates else current))

    @torch.no_grad()
    def _forward_exact(self, inputs: list[Tensor], gates: list[Tensor]) -> Tensor:
        block = self.to_ir_block(self.kind, [tuple(x.shape[2:]) for x in inputs])
        current: Tensor | int = 0
        for part, branch, x in zip(block.branches, self._branches, inputs, strict=True):
            check_values(x, branch.reads.bounds, self.kind, "; declare what arrives with reads=Stream(...)")
            acc = exact.accumulate(part.synapse, x.flatten(0, 1), branch.reads.bounds)
            current = current + exact.rescale(acc, part.gain, part.shift).unflatten(0, x.shape[:2])
        assert isinstance(current, Tensor)
        if gates:
            bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
            current = torch.where(open_mask(gates, current.shape[2:]) > 0, current + bias, 0)
            block = replace(block, bias=np.zeros_like(block.bias))
        record = self.neuron.exact(block, current)
        self.neuron.shape = current.shape[2:]
        if self.record is not None:
            self.record.update(record)
        return self.neuron.to_wire(record[block.output_name()])

    def to_ir_block(
        self, name: str, shapes: Sequence[tuple[int, ...]], sources: Sequence[int] | None = None
    ) -> ir.Block:
        """Return the deployed block.

        Parameters
        ----------
        name : str
        shapes : sequence of tuple of int
            Shape of what each branch reads, (C, H, W) or (C,).
        sources : sequence of int, optional
            Source of each branch; the network's input by default.

        Raises
        ------
        NetworkError
            If no integers within the limits represent the block.
        """
        for branch, shape in zip(self._branches, shapes, strict=True):
            branch.fit(tuple(shape))
        where = [ir.INPUT] * len(self.branches) if sources is None else sources
        return self.neuron.to_ir(name, self._branches, where)

    def plan(self) -> list[Planned]:
        """One block, all of whose branches read the block's input."""
        return [Planned(self, "", (BLOCK_INPUT,) * len(self.branches))]

    def set_reads(self, reads: Stream) -> Stream:
        """Declare what every branch reads."""
        for branch in self._branches:
            branch.set_reads(reads)
        return self.neuron.stream(reads)

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write this block as one NetX layer."""
        from lava_spquant.slayer.export import write_block

        write_block(handle, self, self._branches[0].reads)


def refuse_delay(kind: str, delay: bool, pre_hook_fx: object) -> None:
    """Refuse SLAYER's options that a deployed network here has no word for.

    Raises
    ------
    ValueError
        Saying what to use instead.
    """
    if delay:
        raise ValueError(f"{kind}: delay: found True, expected False: learnable axonal delays cannot be deployed here")
    if pre_hook_fx is not None:
        raise ValueError(f"{kind}: pre_hook_fx: found {pre_hook_fx!r}, expected None: name a quantiser with weight=")
