"""A data set as the integers that a network reads, in chunks whose traces fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from lava_spquant import ir
from lava_spquant.data import Split, batches
from lava_spquant.data.split import Labels, S

__all__ = ["Chunk", "check_fits", "chunk_size", "chunks", "head"]

TRACE_BYTES = 2**27
"""Largest trace that is held at once, 128 MiB."""

MAX_CHUNK = 256
"""Larger chunks are no faster, and progress is seen less often."""

BYTES_PER_VALUE = 4


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some samples.

    Attributes
    ----------
    x : numpy.ndarray of int, shape (T, N, *input shape)
    labels : numpy.ndarray, int64, shape (N,)
    """

    x: ir.IntArray
    labels: Labels


def head(split: S, limit: int | None) -> S:
    """Return the first `limit` samples, or all of them.

    Raises
    ------
    ValueError
        If `limit` is not positive.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit: found {limit}, expected at least 1 sample")
    return split if limit is None else split.take(slice(0, limit))


def chunk_size(network: ir.Network, steps: int) -> int:
    """Return how many samples may be run at once, so that their trace stays below 128 MiB."""
    values = math.prod(network.input.shape) + sum(
        math.prod(shape) * (len(block.neuron.outputs) + len(block.neuron.state_names))
        for block, shape in zip(network.blocks, network.shapes, strict=True)
    )
    return max(1, min(MAX_CHUNK, TRACE_BYTES // (values * steps * BYTES_PER_VALUE)))


def chunks(network: ir.Network, split: Split, steps: int) -> Iterator[Chunk]:
    """Yield `split` as the network reads it: every image at each of `steps` time steps, every recording's frames.

    A network that reads (C,) gets them flattened in the order C, H, W.

    Raises
    ------
    ValueError
        If the network reads another number of values, or `steps` is not positive or not the recordings' own.
    """
    check_fits(network, split)
    for part in batches(split, chunk_size(network, max(steps, 1))):
        x = part.inputs(steps)
        yield Chunk(x.reshape(*x.shape[:2], *network.input.shape), part.labels)


def check_fits(network: ir.Network, split: Split) -> None:
    """Raise `ValueError` unless the network reads images of this shape, or as many values in one row."""
    shape = network.input.shape
    flat = len(shape) == 1 and shape[0] == math.prod(split.shape)
    if shape != split.shape and not flat:
        raise ValueError(f"{network.name}: input shape: found images of {split.shape}, expected {shape}")
