"""One step of a block of neurons forward, on rows of the arena."""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._layout import (
    CURRENTS,
    FINE,
    HARD,
    HIGH,
    KEEP,
    LEVELS,
    LOW,
    SCALE,
    SECOND_SCALE,
    SHIFT,
    STATE,
    STEP,
)
from lava_spquant.slayer.neuron.op.cpu._math import HALF, ONE, ZERO, clip, floor
from lava_spquant.slayer.neuron.op.cpu._memory import load, store

__all__ = ["after_reset", "integrate", "keep_state", "nearest"]


@jit
def integrate(arena, potential, z, second, place, parameters, period, column, n, codes):
    """Write `m = v * keep + x` to the arena's row at `potential`."""
    scale, shift, keep = SCALE * period + column, SHIFT * period + column, KEEP * period + column
    if codes[CURRENTS] == 1:
        for i in range(n):
            x = load(z, place + i) * load(parameters, scale + i) + load(parameters, shift + i)
            store(arena, potential + i, load(arena, STATE + i) * load(parameters, keep + i) + x)
        return
    other = SECOND_SCALE * period + column
    for i in range(n):
        x = load(z, place + i) * load(parameters, scale + i)
        store(arena, potential + i, x + load(second, place + i) * load(parameters, other + i))
    for i in range(n):
        x = load(arena, potential + i) + load(parameters, shift + i)
        store(arena, potential + i, load(arena, STATE + i) * load(parameters, keep + i) + x)


@jit
def after_reset(m, hard):
    """Return the potential after the reset."""
    s = ONE if m - ONE > ZERO else ZERO
    return m * (ONE - s) if hard else m - s


@jit
def nearest(after, fine, step, low, high):
    """Return the nearest level."""
    return clip(floor(after * fine + HALF), low, high) * step


@jit
def keep_state(arena, potential, n, codes, constants):
    """Write what is kept of the potentials until the next step."""
    hard = codes[HARD] != 0
    if codes[LEVELS] == 0:
        for i in range(n):
            store(arena, STATE + i, after_reset(load(arena, potential + i), hard))
        return
    fine, step, low, high = constants[FINE], constants[STEP], constants[LOW], constants[HIGH]
    for i in range(n):
        after = after_reset(load(arena, potential + i), hard)
        store(arena, STATE + i, nearest(after, fine, step, low, high))


@jit
def clear(arena, row, n):
    """Write zeros."""
    for i in range(n):
        store(arena, row + i, ZERO)


@jit
def fire(arena, potential, out, place, n):
    """Write spikes to `out`."""
    for i in range(n):
        store(out, place + i, ONE if load(arena, potential + i) - ONE > ZERO else ZERO)
