"""One sample on several threads, each with its share of every block's rows."""

from __future__ import annotations

from lava_spquant.engine._barrier import wait_for_all
from lava_spquant.engine._block import run_rows
from lava_spquant.engine._input import load_input
from lava_spquant.engine._jit import jit
from lava_spquant.engine._run import _record, _reset, _silence
from lava_spquant.engine._tables import B_PHASE, S_HEIGHT

__all__ = ["run_shared"]


@jit
def run_shared(
    x, words, static, first, interval, streams, blocks, branches, weight, gain, bias, par, states,
    dense, events, values, pixels, masks, counts, rows, factors, acc, currents, cover, shade, cache, plan, narrow,
    recorded, record, vector, counter, worker, workers,
):  # fmt: skip
    """Run samples x[:, n] (T, N, C, H, W) from zero state, one after the other, all threads on the same one.

    Streams and states are those of workspace 0, scratch rows those of workspace `worker`. `counter` counts
    arrivals at barriers, one before the blocks and one behind each; it starts at 0.
    """
    state = states[0]
    work = (
        dense[0], events[0], values[0], pixels[0], masks[worker], counts[worker], rows[worker], factors[worker],
        acc[worker], currents[worker], cover[worker], shade[worker], cache[0], plan[worker], narrow[worker],
    )  # fmt: skip
    tables = streams, blocks, branches, weight, gain, bias, par, state, work, vector
    meetings = 0
    for n in range(x.shape[1]):
        for t in range(x.shape[0]):
            if worker == 0:
                _begin_step(
                    x[t, n], words[t, n], t, static, first, interval, streams, blocks, gain, bias, state, work, vector
                )
            meetings += 1
            wait_for_all(counter, meetings * workers)
            for b in range(blocks.shape[0]):
                height = streams[b + 1, S_HEIGHT]
                top, bottom = height * worker // workers, height * (worker + 1) // workers
                run_rows(b, first + t, static and t > 0, top, bottom, *tables)
                meetings += 1
                wait_for_all(counter, meetings * workers)
            if worker == 0:
                # The others wait at the next step's first barrier, so nothing changes under the record.
                _record(t, first, n, recorded, streams, blocks, state, dense[0], record)


@jit
def _begin_step(x, words, t, static, first, interval, streams, blocks, gain, bias, state, work, vector):
    """Reset what is due and load the input, on one thread."""
    dense, _, _, pixels, _, _, _, _, _, _, _, _, _, _, _ = work
    if first == 0 and t == 0:
        _silence(streams, dense, pixels)
        state[:] = 0
    if t == 0 or not static:
        load_input(x, words, streams[0], first + t, gain, bias, work, vector)
    for b in range(blocks.shape[0]):
        if interval > 0 and (first + t + 1 - blocks[b, B_PHASE]) % interval == 0:
            _reset(b, streams, blocks, state)
