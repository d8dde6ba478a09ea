"""Derivatives of the spike and of the membrane quantiser, for a block of neurons."""

from __future__ import annotations

import numpy as np

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._layout import (
    AROUND_CENTRE,
    AROUND_LEVEL,
    CENTRAL,
    EXPONENTIAL,
    FACTORS,
    FINE,
    HARD,
    HIGH,
    LOW,
    MIDDLES,
    SHARED,
    SIGMOID,
    SLOPE,
    STACK,
    STACKING,
    STRAIGHT,
    SUPERSPIKE,
    SURROGATE,
    TEMPERATURE,
    TRIANGLE,
    A,
    B,
    C,
)
from lava_spquant.slayer.neuron.op.cpu._math import HALF, ONE, ZERO, bell, clip, exp, floor
from lava_spquant.slayer.neuron.op.cpu._memory import load, store
from lava_spquant.slayer.neuron.op.cpu._step import after_reset

__all__ = ["fire_slope", "store_slope"]

FAR = np.float32(60)
"""With factors of at most `exp(24)` (`constants.WIDEST`), products stay finite."""


@jit
def fire_slope(arena, potential, n, codes, constants):
    """Write ds/dx at x = m - 1, the surrogate's derivative."""
    kind = codes[SURROGATE]
    a, b, c = constants[A], constants[B], constants[C]
    if kind == TRIANGLE:
        for i in range(n):
            rest = a - abs(load(arena, potential + i) - ONE)
            store(arena, SLOPE + i, (rest if rest > ZERO else ZERO) * b)
    elif kind == EXPONENTIAL:
        for i in range(n):
            store(arena, SLOPE + i, b * exp(-abs(load(arena, potential + i) - ONE) * a))
    elif kind == SIGMOID:
        for i in range(n):
            store(arena, SLOPE + i, a * bell(exp(-abs(load(arena, potential + i) - ONE) * a)))
    elif kind == SUPERSPIKE:
        for i in range(n):
            x = ONE + a * abs(load(arena, potential + i) - ONE)
            store(arena, SLOPE + i, ONE / (x * x))
    else:
        for i in range(n):
            x = load(arena, potential + i) - ONE
            store(arena, SLOPE + i, (c if x <= b else ZERO) if x >= a else ZERO)


@jit
def store_slope(arena, potential, n, codes, constants):
    """Write dQ/d(after): the stacked gradient, or 1."""
    way, hard = codes[STACKING], codes[HARD] != 0
    start = ONE if way == STRAIGHT else ZERO
    for i in range(n):
        store(arena, STACK + i, start)
    if way == AROUND_CENTRE:
        _around_centre(arena, potential, n, hard, codes[MIDDLES], constants)
    elif way == AROUND_LEVEL:
        _around_level(arena, potential, n, hard, codes[MIDDLES], constants)


@jit
def _around_centre(arena, potential, n, hard, middles, constants):
    """Add all midpoints with one exponential: `exp(T (u - c)) = exp(T (u - central)) * exp(T (central - c))`."""
    fine, temperature, central = constants[FINE], constants[TEMPERATURE], constants[CENTRAL]
    for i in range(n):
        after = after_reset(load(arena, potential + i), hard)
        # Further out every bell is 0 in float32, and the products with the factors would leave its range.
        store(arena, SHARED + i, exp(clip(temperature * (after * fine - central), -FAR, FAR)))
    for k in range(middles):
        factor = constants[FACTORS + k]
        for i in range(n):
            e = load(arena, SHARED + i) * factor
            store(arena, STACK + i, load(arena, STACK + i) + temperature * bell(e))


@jit
def _around_level(arena, potential, n, hard, reach, constants):
    """Add the midpoints within `reach` levels, one exponential each; further ones add next to nothing."""
    fine, temperature = constants[FINE], constants[TEMPERATURE]
    low, high = constants[LOW], constants[HIGH]
    for k in range(2 * reach + 1):
        offset = constants[FACTORS + k]
        for i in range(n):
            level = after_reset(load(arena, potential + i), hard) * fine
            lower = floor(level) + offset
            bump = temperature * bell(exp(-abs(temperature * (level - (lower + HALF)))))
            inside = (ONE if lower < high else ZERO) if lower >= low else ZERO
            store(arena, STACK + i, load(arena, STACK + i) + inside * bump)
