"""Activation checkpointing of a block: its input is kept, everything between that and the spikes computed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from torch import Tensor
from torch.utils.checkpoint import checkpoint

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
    """Return `run(*inputs)`, of which only the inputs are kept for the backward pass."""
    notes: list[Statistics] = []

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return _using(notes, -1), _using(notes, 0)

    result: Tensor = checkpoint(run, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return result


@contextmanager
def _using(notes: list[Statistics], place: int) -> Iterator[None]:
    token = _notes.set((notes, place))
    try:
        yield
    finally:
        _notes.reset(token)
