"""What batch-norm needs beside the neuron: moments per channel, and its backward pass as one affine map per channel."""

import triton
import triton.language as tl

from lava_spquant.slayer.neuron.op.cuda._tile import load, load_two, place, store_two_sums

__all__ = ["affine", "moments"]


@triton.jit
def moments(z, sums, rows, channels, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Write each tile's sum and its sum of squared distances from the tile's own mean: (2, tiles of rows, channels)."""
    offsets, inside, channel, exists = place(rows, channels, ROWS, COLUMNS)
    values = load(z, offsets, inside)
    count = tl.sum(inside.to(tl.float32), axis=0)
    mean = tl.sum(values, axis=0) / tl.where(count > 0.0, count, 1.0)
    distance = tl.where(inside, values - tl.expand_dims(mean, 0), 0.0)
    store_two_sums(values, distance * distance, sums, channel, channels, exists)


@triton.jit
def affine(x, z, a, b, c, result, rows, channels, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Write `a * x + b * z + c`; `result` may be `x`."""
    offsets, inside, channel, exists = place(rows, channels, ROWS, COLUMNS)
    a, b = load_two(a, b, channel, exists, 2)
    c = load(c, channel, exists)
    x, z = load(x, offsets, inside), load(z, offsets, inside)
    tl.store(result + offsets, x * a + z * b + c, mask=inside)
