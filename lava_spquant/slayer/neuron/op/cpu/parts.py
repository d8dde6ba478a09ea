"""How a tensor is cut up for kernels and threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lava_spquant.jit import run_workers
from lava_spquant.slayer.layout import rows
from lava_spquant.slayer.neuron.op.cpu import _layout as at

__all__ = ["Parts", "flat"]

SMALL = 2**15
"""Values that are quicker done than handed to another thread."""

PARTS = 64
"""Parts of a large tensor. They depend on nothing but its size, so that sums do not depend on the threads."""

Array = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16]


def flat(x: Tensor) -> Array:
    """Return the memory of a channels-last tensor, bfloat16 as int16."""
    line = rows(x.detach()).view(-1)
    array: Array = (line.view(torch.int16) if line.dtype == torch.bfloat16 else line).numpy()
    return array


@dataclass(frozen=True)
class Parts:
    """Rows of a step (N, places, C): as many places as fill a block, whose channels a kernel takes side by side.

    Attributes
    ----------
    channels, length : int
        C, and values of a step.
    steps : int
        How often each is visited.
    """

    channels: int
    length: int
    steps: int = 1

    @property
    def repeats(self) -> int:
        """Places in a row."""
        return max(1, at.BLOCK // self.channels)

    @property
    def period(self) -> int:
        """Values in a row."""
        return self.repeats * self.channels

    @property
    def rows(self) -> int:
        """Rows of a step."""
        return -(-self.length // self.period)

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """First and last row of every part."""
        parts = min(self.rows, max(1, min(PARTS, self.length * self.steps // SMALL)))
        edges = [self.rows * k // max(parts, 1) for k in range(parts + 1)]
        return list(pairwise(edges))

    def table(self, values: list[Tensor]) -> NDArray[np.float32]:
        """Return per-channel values as long as a row, flat (len(values), period)."""
        stacked = torch.stack(values).to(torch.float32).numpy()
        return np.tile(stacked, (1, self.repeats)).reshape(-1)

    def gather(self, sums: NDArray[np.float64]) -> list[Tensor]:
        """Return the totals (C,) of sums (parts, kinds, period)."""
        total = sums.sum(axis=0).reshape(sums.shape[1], self.repeats, self.channels).sum(axis=1)
        return list(torch.from_numpy(total))

    def run(self, scratch: int, work: Callable[[NDArray[np.float32], int, int, int], None]) -> None:
        """Call `work(arena, part, start, stop)` for every part, on as many threads as torch uses.

        Parameters
        ----------
        scratch : int
            Length of each thread's arena.
        work : callable
        """
        bounds = self.bounds
        ticket = count()

        def take(worker: int) -> None:
            arena = np.empty(scratch, np.float32)
            while (part := next(ticket)) < len(bounds):
                work(arena, part, *bounds[part])

        run_workers(min(torch.get_num_threads(), len(bounds)), take)
