"""The interpreter: samples in parallel, steps and blocks in order, everything compiled once."""

from __future__ import annotations

from lava_spquant.engine._advance import words_in
from lava_spquant.engine._block import run_rows
from lava_spquant.engine._input import load_input
from lava_spquant.engine._jit import jit
from lava_spquant.engine._tables import (
    B_KIND,
    B_PHASE,
    B_U,
    B_V,
    CUBA,
    QLIF,
    READOUT,
    S_DENSE,
    S_HEIGHT,
    S_PACKED,
    S_PIXELS,
    S_RING,
    S_ROW,
    S_WANT_DENSE,
    S_WIDTH,
    SLACK,
)

__all__ = ["run_samples"]


@jit
def _run_block(b, t, cached, streams, blocks, branches, weight, gain, bias, par, state, work, vector):
    """Advance block `b` by step `t` (from 0)."""
    tables = streams, blocks, branches, weight, gain, bias, par, state, work, vector
    run_rows(b, t, cached, 0, streams[b + 1, S_HEIGHT], *tables)


@jit
def _record(t, first, n, recorded, streams, blocks, state, dense, record):
    """Copy what was asked for: rows of `recorded` are (block, 0 output or 1 v or 2 u, offset, step stride)."""
    for k in range(recorded.shape[0]):
        b, what, at = recorded[k, 0], recorded[k, 1], recorded[k, 2] + t * recorded[k, 3]
        own = streams[b + 1]
        size = own[S_HEIGHT] * own[S_ROW]
        if what == 0:
            start = own[S_DENSE] + ((first + t) & (own[S_RING] - 1)) * size
            for i in range(size):
                record[n, at + i] = dense[start + i]
        else:
            start = blocks[b, B_V] if what == 1 else blocks[b, B_U]
            for i in range(size):
                record[n, at + i] = state[start + i]


@jit
def _reset(b, streams, blocks, state):
    size = streams[b + 1, S_HEIGHT] * streams[b + 1, S_ROW]
    kind = blocks[b, B_KIND]
    if kind in (QLIF, CUBA, READOUT):
        state[blocks[b, B_V] : blocks[b, B_V] + size] = 0
    if kind == CUBA:
        state[blocks[b, B_U] : blocks[b, B_U] + size] = 0


@jit
def _silence(streams, dense, pixels):
    """Make the steps before the first read as zeros, in streams that are read later than they are written."""
    for s in range(streams.shape[0]):
        ring, height, row = streams[s, S_RING], streams[s, S_HEIGHT], streams[s, S_ROW]
        if ring > 1:
            at = streams[s, S_PIXELS]
            pixels[at : at + ring * (height * (streams[s, S_WIDTH] + 16) + SLACK)] = 0
            if streams[s, S_WANT_DENSE]:
                dense[streams[s, S_DENSE] : streams[s, S_DENSE] + ring * height * row] = 0
            if streams[s, S_PACKED] >= 0:
                at = streams[s, S_PACKED]
                dense[at : at + 2 * ring * words_in(streams[s])] = 0


@jit
def _run_sample(
    x,
    words,
    n,
    static,
    first,
    interval,
    streams,
    blocks,
    branches,
    weight,
    gain,
    bias,
    par,
    state,
    work,
    recorded,
    record,
    vector,
):
    """Run all steps of one sample; `first` steps have been run before."""
    dense, _, _, pixels, _, _, _, _, _, _, _, _, _, _, _ = work
    if first == 0:
        _silence(streams, dense, pixels)
        state[:] = 0
    for t in range(x.shape[0]):
        if t == 0 or not static:
            load_input(x[t], words[t], streams[0], first + t, gain, bias, work, vector)
        for b in range(blocks.shape[0]):
            if interval > 0 and (first + t + 1 - blocks[b, B_PHASE]) % interval == 0:
                _reset(b, streams, blocks, state)
            _run_block(
                b, first + t, static and t > 0, streams, blocks, branches, weight, gain, bias, par, state, work, vector
            )
        _record(t, first, n, recorded, streams, blocks, state, dense, record)


@jit
def run_samples(
    x,
    words,
    static,
    first,
    interval,
    streams,
    blocks,
    branches,
    weight,
    gain,
    bias,
    par,
    states,
    dense,
    events,
    values,
    pixels,
    masks,
    counts,
    rows,
    factors,
    acc,
    currents,
    cover,
    shade,
    cache,
    plan,
    narrow,
    recorded,
    record,
    vector,
    worker,
    workers,
):
    """Run every `workers`-th sample x[:, n] (T, N, C, H, W), beginning with n = `worker`.

    Spikes are read from their bits, words (T, N, H, places / 16), instead.
    Sample n has workspace n modulo their number, which is `workers` or N. No two samples share anything else,
    so that results do not depend on the number of threads.
    """
    for n in range(worker, x.shape[1], workers):
        w = n % acc.shape[0]
        work = (
            dense[w], events[w], values[w], pixels[w], masks[w], counts[w], rows[w], factors[w],
            acc[w], currents[w], cover[w], shade[w], cache[w], plan[w], narrow[w],
        )  # fmt: skip
        _run_sample(
            x[:, n], words[:, n], n, static, first, interval, streams, blocks, branches, weight, gain, bias, par,
            states[w], work, recorded, record, vector,
        )  # fmt: skip
