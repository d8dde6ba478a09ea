"""One step of one sample, in two halves: a graph may want the second before the first."""

from __future__ import annotations

from lava_spquant.engine._input import load_input, pack_step
from lava_spquant.engine._jit import jit
from lava_spquant.engine._run import _reset, _run_block
from lava_spquant.engine._tables import B_PHASE, S_GRADED

__all__ = ["advance_step", "load_step"]


@jit
def load_step(x, words, t, streams, gain, bias, work, vector):
    """Keep `x` (C, H, W) as the input of step `t` (from 0); return all spikes or-ed, 0 where it is graded.

    A spike train with anything but 0 and 1 in it is not kept. `words` is scratch, (H, places / 16).
    """
    seen = 0
    if streams[0, S_GRADED] == 0:
        seen = pack_step(x, words, vector)
        if seen != 0 and seen != 1:
            return seen
    load_input(x, words, streams[0], t, gain, bias, work, vector)
    return seen


@jit
def advance_step(t, interval, streams, blocks, branches, weight, gain, bias, par, state, work, vector):
    """Advance all blocks by step `t` (from 0)."""
    for b in range(blocks.shape[0]):
        if interval > 0 and (t + 1 - blocks[b, B_PHASE]) % interval == 0:
            _reset(b, streams, blocks, state)
        _run_block(b, t, False, streams, blocks, branches, weight, gain, bias, par, state, work, vector)
