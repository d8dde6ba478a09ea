"""Which part of a tensor a program works on: a tile of rows (places of the batch) by columns (channels).

A step of a channels-last tensor is a matrix (N * places, C) in memory. Channels are columns, so that a scale per
channel is one vector per program, and a sum per channel one reduction of a tile.
"""

import triton
import triton.language as tl

__all__ = ["advance", "load", "load_two", "place", "store_sum", "store_two_sums"]


@triton.jit
def place(rows, channels, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Return this program's offsets into a step, which of them exist, its channels, and which of those exist."""
    row = tl.expand_dims(tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS), 1)
    channel = tl.expand_dims(tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS), 0)
    exists = channel < channels
    return row * channels + channel, (row < rows) & exists, channel, exists


@triton.jit
def load(pointer, offsets, inside):
    """Return values in float32, 0 outside."""
    return tl.load(pointer + offsets, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def load_two(pointer_1, pointer_2, offsets, inside, BRANCHES: tl.constexpr):
    """Return the values behind both pointers; where BRANCHES is 1, those behind the first twice."""
    first = load(pointer_1, offsets, inside)
    second = first
    if BRANCHES == 2:
        second = load(pointer_2, offsets, inside)
    return first, second


@triton.jit
def store_sum(tile, sums, channel, channels, exists):
    """Write the tile's sums per channel into (tiles of rows, channels), and return where the next matrix begins."""
    total = tl.expand_dims(tl.sum(tile, axis=0), 0)
    tl.store(sums + tl.program_id(0) * channels + channel, total, mask=exists)
    return sums + tl.num_programs(0) * channels


@triton.jit
def store_two_sums(first, second, sums, channel, channels, exists):
    """Write both tiles' sums, one matrix after the other, and return where the next one begins."""
    sums = store_sum(first, sums, channel, channels, exists)
    return store_sum(second, sums, channel, channels, exists)


@triton.jit
def advance(pointer, steps, stride):
    """Return `pointer + steps * stride`; added up, as the product may leave 32 bits and the arguments have no more."""
    for _ in range(steps):
        pointer += stride
    return pointer
