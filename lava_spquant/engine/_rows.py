"""One output row of one branch: gather the events under the kernel, sum their weight rows."""

from __future__ import annotations

import numpy as np

from lava_spquant.engine import _neurons, _portable
from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import LANES
from lava_spquant.engine._ranks import rank_row, thin_rank_1, thin_rank_2, thin_rank_3, thin_rank_4
from lava_spquant.engine._sums import (
    byte_row_16,
    byte_row_32,
    byte_row_48,
    byte_row_64,
    byte_row_128,
    conv_row_16,
    conv_row_32,
    conv_row_48,
    conv_row_64,
    graded_row_16,
    graded_row_32,
    wide_row_16,
    wide_row_32,
)
from lava_spquant.engine._tables import (
    R_BYTES,
    R_DH,
    R_DW,
    R_GROUPS,
    R_KH,
    R_KW,
    R_PH,
    R_PW,
    R_SH,
    R_STRIDE,
    R_SW,
    R_WEIGHT,
    R_WIDE,
    S_CHANNELS,
    S_GRADED,
    S_HEIGHT,
    S_ROW,
    S_WIDTH,
)

__all__ = ["conv_row", "grouped_row", "pixel_pointers", "pool_row"]


@jit
def _popcount16(x):
    x = x - ((x >> 1) & 0x5555)
    x = (x & 0x3333) + ((x >> 2) & 0x3333)
    x = (x + (x >> 4)) & 0x0F0F
    return (x + (x >> 8)) & 0x1F


@jit
def pixel_pointers(masks, counts, found, channels, width, pixels, at, vector):
    """Write, for every pixel of a row, how many events come before it; the last entry is their number."""
    if vector and channels == 1:
        thin_rank_1(masks, counts, pixels, at, width)
    elif vector and channels == 2:
        thin_rank_2(masks, counts, pixels, at, width)
    elif vector and channels == 3:
        thin_rank_3(masks, counts, pixels, at, width)
    elif vector and channels == 4:
        thin_rank_4(masks, counts, pixels, at, width)
    elif vector:
        rank_row(masks, counts, channels, pixels, at, width)
    else:
        for x in range(width):
            place = x * channels
            chunk = place >> 4
            before = np.int64(masks[chunk]) & ((1 << (place & 15)) - 1)
            pixels[at + x] = counts[chunk] + _popcount16(before)
    pixels[at + width] = found


@jit
def conv_row(
    branch,
    stream,
    y,
    width,
    channels,
    weight,
    events,
    values,
    events_at,
    pixels,
    pixels_at,
    rows,
    factors,
    acc,
    plan,
    vector,
):
    """Fill `acc` with one output row (width, channels) of an ungrouped convolution or a dense synapse."""
    stride, graded, wide = branch[R_STRIDE], stream[S_GRADED] != 0, branch[R_WIDE] != 0
    tables = branch, stream, weight, events, values, pixels, rows, factors, acc
    where = y, width, channels, events_at, pixels_at
    if not vector or branch[R_DW] != 1:
        plain_row(*tables, *where)
    elif graded and stride % 32 == 0:
        graded_row_32(*tables, plan, *where)
    elif graded:
        graded_row_16(*tables, plan, *where)
    elif wide and stride % 32 == 0:
        wide_row_32(*tables, plan, *where)
    elif wide:
        wide_row_16(*tables, plan, *where)
    elif branch[R_BYTES] != 0:
        _byte_row(stride, tables, where, plan)
    elif stride == 16:
        conv_row_16(*tables, plan, *where)
    elif stride == 32:
        conv_row_32(*tables, plan, *where)
    elif stride == 48:
        conv_row_48(*tables, plan, *where)
    else:
        conv_row_64(*tables, plan, *where)


@jit
def _byte_row(stride, tables, where, plan):
    if stride == 16:
        byte_row_16(*tables, plan, *where)
    elif stride == 32:
        byte_row_32(*tables, plan, *where)
    elif stride == 48:
        byte_row_48(*tables, plan, *where)
    elif stride % 128 == 0:
        byte_row_128(*tables, plan, *where)
    else:
        byte_row_64(*tables, plan, *where)


@jit
def plain_row(
    branch, stream, weight, events, values, pixels, rows, factors, acc, y, width, channels, events_at, pixels_at
):
    """Do the same in plain loops, also for kernels dilated along the width."""
    height, in_width, in_channels = stream[S_HEIGHT], stream[S_WIDTH], stream[S_CHANNELS]
    kh, kw, stride = branch[R_KH], branch[R_KW], branch[R_STRIDE]
    graded = stream[S_GRADED] != 0
    for x in range(width):
        left = x * branch[R_SW] - branch[R_PW]
        count = 0
        for ky in range(kh):
            iy = y * branch[R_SH] - branch[R_PH] + ky * branch[R_DH]
            if iy < 0 or iy >= height:
                continue
            here, at = pixels_at + iy * (in_width + 16), events_at + iy * (stream[S_ROW] + 16)
            for kx in range(kw):
                ix = left + kx * branch[R_DW]
                if ix < 0 or ix >= in_width:
                    continue
                shift = (ky * kw + kx - ix) * in_channels
                for i in range(at + pixels[here + ix], at + pixels[here + ix + 1]):
                    rows[count] = events[i] + shift
                    factors[count] = values[i]
                    count += 1
        _portable.sum_rows(weight, branch[R_WEIGHT], stride, rows, factors, graded, count, acc, x * channels, stride)


@jit
def grouped_row(branch, stream, y, width, channels, weight, events, values, events_at, pixels, pixels_at, acc):
    """Fill `acc` with one output row of a grouped convolution, event by event."""
    groups, graded = branch[R_GROUPS], stream[S_GRADED] != 0
    in_width, in_channels = stream[S_WIDTH], stream[S_CHANNELS]
    per_in, per_out = in_channels // groups, channels // groups
    acc[: width * channels] = 0
    for x in range(width):
        for ky in range(branch[R_KH]):
            iy = y * branch[R_SH] - branch[R_PH] + ky * branch[R_DH]
            if iy < 0 or iy >= stream[S_HEIGHT]:
                continue
            at = events_at + iy * (stream[S_ROW] + 16)
            for kx in range(branch[R_KW]):
                ix = x * branch[R_SW] - branch[R_PW] + kx * branch[R_DW]
                if ix < 0 or ix >= in_width:
                    continue
                here = pixels_at + iy * (in_width + 16) + ix
                for i in range(at + pixels[here], at + pixels[here + 1]):
                    c = events[i] - ix * in_channels
                    factor = values[i] if graded else 1
                    place = branch[R_WEIGHT] + ((ky * branch[R_KW] + kx) * in_channels + c) * per_out
                    out = x * channels + (c // per_in) * per_out
                    for k in range(per_out):
                        acc[out + k] += weight[place + k] * factor


@jit
def pool_row(branch, stream, y, width, channels, dense, dense_at, acc, vector):
    """Fill `acc` with one output row of a sum-pool."""
    acc[: width * channels] = 0
    whole = channels // LANES * LANES if vector else 0
    for ky in range(branch[R_KH]):
        iy = y * branch[R_SH] - branch[R_PH] + ky
        if iy < 0 or iy >= stream[S_HEIGHT]:
            continue
        at = dense_at + iy * stream[S_ROW]
        for x in range(width):
            for kx in range(branch[R_KW]):
                ix = x * branch[R_SW] - branch[R_PW] + kx
                if 0 <= ix < stream[S_WIDTH]:
                    _neurons.add_row(dense, at + ix * channels, acc, x * channels, whole)
                    for c in range(whole, channels):
                        acc[x * channels + c] += dense[at + ix * channels + c]
