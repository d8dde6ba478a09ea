"""Activation checkpointing of a block: its input is kept, everything between that and the spikes computed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from torch import Tensor
from torch.utils.checkpoint import checkpoint

from lava_spquant.slayer.neuron.op.packed import Packed, pack

if TYPE_CHECKING:
    from lava_spquant.slayer.neuron.op.current import Statistics

__all__ = ["checkpointed", "remembered"]

_notes: ContextVar[tuple[list[Statistics], int] | None] = ContextVar("batch statistics", default=None)
"""Statistics of the block that is being computed, and from which place they are read; -1 where they are written."""


def remembered(compute: Callable[[], Statistics]) -> Statistics:
    """Return batch statistics: those of the first time where a block is computed a second time.

    So running statistics move once per step, and processes that share a batch meet once.
    """
    state = _notes.get()
    if state is None:
        return compute()
    notes, place = state
    if place >= 0:
        _notes.set((notes, place + 1))
        return notes[place]
    notes.append(compute())
    return notes[-1]


def checkpointed(run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return `run(*inputs)`, of which only the inputs are kept for the backward pass, spikes as single bits.

    Parameters
    ----------
    run : callable
    *inputs : Tensor, (T, N, C, ...)
    """
    notes: list[Statistics] = []
    kept: list[Packed | None] = []
    given: list[Tensor] = []
    for x in inputs:
        # One input may feed several synapses, and is kept once.
        same = next((k for k, other in enumerate(inputs[: len(kept)]) if other is x), None)
        kept.append(pack(x) if same is None else kept[same])
        found = kept[-1]
        given += [x] if found is None else [found.ghost, found.bits]
    packed = [found is not None for found in kept]
    del kept, found

    def restored(*given: Tensor) -> Tensor:
        rest = iter(given)
        return run(*(Packed(next(rest), next(rest)).restore() if one else next(rest) for one in packed))

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return _using(notes, -1), _using(notes, 0)

    result: Tensor = checkpoint(restored, *given, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return result


@contextmanager
def _using(notes: list[Statistics], place: int) -> Iterator[None]:
    token = _notes.set((notes, place))
    try:
        yield
    finally:
        _notes.reset(token)
