"""A checked input in the form that compiled code reads: graded values as they are, spikes as bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._compiled import pack_samples
from lava_spquant.engine._threads import run_workers
from lava_spquant.engine.program import Program, image_shape

__all__ = ["Laid", "lay_out", "words_per_row"]

PLACES_PER_THREAD = 1_000_000
"""Values from which packing them is worth more than one thread."""

_BYTES = (np.dtype(np.uint8), np.dtype(np.int8), np.dtype(np.bool_))


@dataclass(frozen=True, eq=False)
class Laid:
    """An input as `_run.run_samples` takes it.

    Attributes
    ----------
    x : numpy.ndarray, int32, shape (T, N, C, H, W)
        Graded values; of spikes, zeros that take no memory.
    words : numpy.ndarray, uint16, shape (T, N, H, places / 16)
        Spikes in the order of places (y, x, c), sixteen to a word; of graded values, zeros that take no memory.
    static : bool
        All steps are the same, in memory too, and no block reads an earlier step's input.
    """

    x: NDArray[np.int32]
    words: NDArray[np.uint16]
    static: bool

    @property
    def batch(self) -> int:
        """Samples."""
        return self.x.shape[1]

    def part(self, first: int, count: int) -> Laid:
        """Return the samples `first` to `first + count - 1`."""
        last = first + count
        return Laid(self.x[:, first:last], self.words[:, first:last], self.static)


def words_per_row(program: Program) -> int:
    """Return the length of an image row in words of sixteen spikes: whole 64-bit words, which vectors may write."""
    channels, _, width = image_shape(program.network.input.shape)
    return -(-width * channels // 64) * 4


def lay_out(program: Program, x: ir.IntArray, threads: int, vector: bool) -> Laid:
    """Check `x` (T, N, *network.input.shape) and lay it out.

    Raises
    ------
    NetworkError
        If `x` does not fit the network's input.
    """
    spec = program.network.input
    x = np.asarray(x)
    spec.check_shape(x)
    graded = bool(program.streams[0, t.S_GRADED])
    if graded or (x.dtype not in _BYTES and x.dtype != np.int32):
        x = spec.check(x)
    static = bool(len(x) > 1 and program.streams[0, t.S_RING] == 1 and x.strides[0] == 0)
    image = image_shape(spec.shape)
    shape = *x.shape[:2], *image
    once: NDArray[Any] = np.require(x[:1] if static else x, requirements="A")
    once = once.reshape(*once.shape[:2], *image)
    if graded:
        nothing = np.broadcast_to(np.zeros((), np.uint16), (*shape[:2], 1, 1))
        return Laid(np.broadcast_to(once, shape) if static else once, nothing, static)
    words = np.empty((*once.shape[:2], image[1], words_per_row(program)), np.uint16)
    if not _packed(once, words, threads, vector):
        spec.check(x)  # raises, naming the values
    zeros = np.broadcast_to(np.zeros((), np.int32), shape)
    return Laid(zeros, np.broadcast_to(words, (shape[0], *words.shape[1:])) if static else words, static)


def _packed(x: ir.IntArray, words: NDArray[np.uint16], threads: int, vector: bool) -> bool:
    """Fill `words` and return whether all values were 0 or 1."""
    values = x.view(np.uint8) if x.dtype in _BYTES else x
    workers = max(1, min(threads, x.shape[1], x.size // PLACES_PER_THREAD))
    found = np.zeros(workers, np.int64)

    def work(worker: int) -> None:
        found[worker] = pack_samples(values, words, vector, worker, workers)

    run_workers(workers, work)
    return bool(np.all(np.isin(found, (0, 1))))
