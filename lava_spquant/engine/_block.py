"""One block by one step: sums of its branches row by row, and its neurons behind them."""

from __future__ import annotations

from lava_spquant.engine import _neurons, _portable
from lava_spquant.engine._advance import neuron_row, words_in
from lava_spquant.engine._binary import binary_row
from lava_spquant.engine._binary_spikes import spiking_rows
from lava_spquant.engine._dot import dot_row
from lava_spquant.engine._gates import (
    cover_row,
    expand_row,
    open_block,
    shade_row,
    slim_at,
    words_of,
)
from lava_spquant.engine._jit import jit
from lava_spquant.engine._rows import conv_row, grouped_row, pool_row
from lava_spquant.engine._tables import (
    B_BIAS,
    B_BIAS_STRIDE,
    B_BRANCHES,
    B_CACHE,
    B_FIRST_BRANCH,
    B_LIMITS,
    B_ONES,
    CONV,
    POOL,
    R_BINARY,
    R_DELAY,
    R_DOT,
    R_GAIN,
    R_GROUPS,
    R_HALF,
    R_KIND,
    R_NARROWS,
    R_SHIFT,
    R_STREAM,
    R_TILES,
    S_CHANNELS,
    S_DENSE,
    S_EVENTS,
    S_HEIGHT,
    S_LISTED,
    S_PACKED,
    S_PIXELS,
    S_RING,
    S_ROW,
    S_WIDTH,
    SLACK,
)
from lava_spquant.engine._tiles import tiled_rows

__all__ = ["run_rows"]


@jit
def _branch_row(
    branch, stream, slot, y, width, channels, weight, dense, events, values, pixels, rows, factors, acc, plan, vector
):
    """Fill `acc` with one row of accumulators of one branch."""
    dense_at = stream[S_DENSE] + slot * stream[S_HEIGHT] * stream[S_ROW]
    events_at = stream[S_EVENTS] + slot * stream[S_HEIGHT] * (stream[S_ROW] + 16)
    pixels_at = stream[S_PIXELS] + slot * (stream[S_HEIGHT] * (stream[S_WIDTH] + 16) + SLACK)
    kind = branch[R_KIND]
    if branch[R_BINARY] != 0:
        packed_at = (stream[S_PACKED] >> 1) + slot * words_in(stream)
        binary_row(branch, stream, packed_at, y, width, channels, weight, dense, rows, factors, acc, vector)
    elif branch[R_DOT] != 0:
        dot_row(branch, stream, dense_at, y, width, channels, weight, dense, rows, acc)
    elif kind == CONV:
        if branch[R_GROUPS] > 1:
            grouped_row(branch, stream, y, width, channels, weight, events, values, events_at, pixels, pixels_at, acc)
        else:
            conv_row(
                branch, stream, y, width, channels, weight, events, values, events_at, pixels, pixels_at,
                rows, factors, acc, plan, vector,
            )  # fmt: skip
    elif kind == POOL:
        pool_row(branch, stream, y, width, channels, dense, dense_at, acc, vector)
    else:
        at = dense_at + y * stream[S_ROW]
        if vector:
            _neurons.copy_row(dense, at, acc, stream[S_ROW])
        else:
            for i in range(stream[S_ROW]):
                acc[i] = dense[at + i]


@jit
def _close_row(lets, narrowed, cells, width, channels, count, row, cover, acc, spread, plan):
    """Put 0 for the sums of closed neurons: into `acc`, or into `spread` where `acc` has open channels alone."""
    sums = spread if narrowed else acc
    if not lets:
        sums[:row] = 0
        return
    if narrowed:
        expand_row(acc, width, channels, count, plan, words_of(channels, plan), spread)
    if cells or not narrowed:
        for i in range(row):
            sums[i] &= cover[i]


@jit
def run_rows(b, t, cached, top, bottom, streams, blocks, branches, weight, gain, bias, par, state, work, vector):
    """Advance rows `top` to `bottom - 1` of block `b`; no two rows write to one place."""
    dense, _, _, _, masks, _, rows, factors, acc, _, _, _, _, _, _ = work
    tables = streams, blocks, branches, weight
    if branches[blocks[b, B_FIRST_BRANCH], R_TILES] != 0:
        tiled_rows(b, t, top, bottom, *tables, bias, dense, rows, acc, masks)
    elif vector and blocks[b, B_LIMITS] >= 0 and streams[b + 1, S_LISTED] == 0:
        spiking_rows(b, t, top, bottom, *tables, par, dense, rows, factors, masks)
    else:
        _sum_rows(
            b, t, cached, top, bottom, streams, blocks, branches, weight, gain, bias, par, state, work, vector
        )  # fmt: skip


@jit
def _sum_rows(b, t, cached, top, bottom, streams, blocks, branches, weight, gain, bias, par, state, work, vector):
    """Do what `run_rows` does, through sums in memory."""
    dense, events, values, pixels, masks, counts, rows, factors, acc, currents, cover, shade, cache, plan, narrow = work
    block, own = blocks[b], streams[b + 1]
    width, channels, row = own[S_WIDTH], own[S_CHANNELS], own[S_ROW]
    first, keeps = block[B_FIRST_BRANCH], block[B_CACHE] >= 0
    lets, slim = True, plan[slim_at(channels, plan) :]
    gated, cells, slims, count = open_block(
        block, branches[first], t, channels, streams, weight, par, dense, pixels, narrow, plan
    )
    for y in range(top, bottom):
        shifts = bias, block[B_BIAS] + y * block[B_BIAS_STRIDE]
        if gated:
            again = y == top or cells
            lets = cover_row(block, own, t, y, par, streams, dense, cover) if again else lets
            shade_row(bias, shifts[1], cover, row if again or block[B_BIAS_STRIDE] != 0 else 0, shade)
            shifts = shade, 0 * y
        current = cache[block[B_CACHE] + y * row :] if keeps else currents
        drive = (current, gain, block[B_ONES], 0, 0)
        for r in range(first, first + (0 if keeps and cached else block[B_BRANCHES])):
            branch, stream = branches[r], streams[branches[r, R_STREAM]]
            slot, narrowed = (t - branch[R_DELAY]) & (stream[S_RING] - 1), slims and branch[R_NARROWS] != 0
            if lets:
                _branch_row(
                    slim if narrowed else branch, stream, slot, y, width, count if narrowed else channels,
                    narrow if narrowed else weight, dense, events, values, pixels, rows, factors, acc, plan, vector,
                )  # fmt: skip
            sums = factors if narrowed else acc
            if gated:
                _close_row(lets, narrowed, cells, width, channels, count, row, cover, acc, factors, plan)
            scaling = sums, gain, branch[R_GAIN], branch[R_HALF], branch[R_SHIFT]
            if block[B_BRANCHES] == 1 and not keeps:
                drive = scaling
            elif vector:
                _neurons.rescale_row(*scaling, current, row, r > first)
            else:
                _portable.rescale_row(*scaling, current, row, r > first)
        neuron_row(
            block, own, t & (own[S_RING] - 1), y, drive, shifts, par, state, dense, events, values, pixels, masks,
            counts, vector,
        )  # fmt: skip
