"""Buffers of a run: streams, states and scratch, one set per worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.engine._memory import aligned_zeros, line_multiple
from lava_spquant.engine.program import Program

__all__ = ["Workspace", "worker_bytes"]

_POOLS = {
    "dense": "dense",
    "events": "events",
    "values": "events",
    "pixels": "pixels",
    "masks": "row",
    "counts": "row",
    "rows": "row",
    "factors": "row",
    "acc": "row",
    "currents": "row",
    "cover": "gate_row",
    "shade": "gate_row",
    "cache": "cache",
}
"""Which size each int32 buffer has."""


@dataclass(frozen=True, eq=False)
class Workspace:
    """State and buffers of some workers, each of which runs one sample at a time.

    Attributes
    ----------
    states : numpy.ndarray, int32, shape (workers, state size)
    buffers : tuple of numpy.ndarray
        As `_run.run_samples` takes them, shape (workers, size).
    """

    states: NDArray[np.int32]
    buffers: tuple[NDArray[Any], ...]

    @classmethod
    def allocate(cls, program: Program, workers: int) -> Workspace:
        """Return zeroed buffers for `workers` workers."""

        def make(size: str, dtype: Any) -> NDArray[Any]:
            return aligned_zeros((workers, line_multiple(program.sizes[size], dtype)), dtype)

        scratch = make("plan", np.int64), make("narrow", np.int16)
        buffers = (*(make(size, np.int32) for size in _POOLS.values()), *scratch)
        return cls(make("state", np.int32), buffers)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return everything that a later step may depend on."""
        return (self.states, *self.buffers)


def worker_bytes(program: Program) -> int:
    """Return the bytes of one worker's workspace."""
    sizes = program.sizes
    pools = 4 * (sum(sizes[size] for size in _POOLS.values()) + sizes["state"])
    return pools + 8 * sizes["plan"] + 2 * sizes["narrow"]
