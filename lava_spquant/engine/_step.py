"""One step of one sample, in two halves: a graph may want the second before the first."""

from __future__ import annotations

from lava_spquant.engine._jit import jit
from lava_spquant.engine._run import _load_input, _reset, _run_block
from lava_spquant.engine._tables import B_PHASE, S_RING

__all__ = ["advance_step", "load_step"]


@jit
def load_step(x, t, streams, gain, bias, work, vector):
    """Keep `x` (C, H, W) as the input of step `t` (from 0)."""
    dense, events, values, pixels, masks, counts, _, _, _, currents, _, _ = work
    slot = t % streams[0, S_RING]
    _load_input(x, streams[0], slot, gain, bias, dense, events, values, pixels, masks, counts, currents, vector)


@jit
def advance_step(t, interval, streams, blocks, branches, weight, gain, bias, par, state, work, vector):
    """Advance all blocks by step `t` (from 0)."""
    for b in range(blocks.shape[0]):
        if interval > 0 and (t + 1 - blocks[b, B_PHASE]) % interval == 0:
            _reset(b, streams, blocks, state)
        _run_block(b, t, False, streams, blocks, branches, weight, gain, bias, par, state, work, vector)
