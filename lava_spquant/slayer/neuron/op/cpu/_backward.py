"""All steps backward, on potentials computed anew."""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._layout import (
    BLOCK,
    CENTRE,
    CURRENTS,
    GRADIENT,
    HARD,
    KEEP,
    POTENTIAL,
    REPEATED,
    SECOND_CENTRE,
    SLOPE,
    STACK,
    STATE,
    SUM,
    SUM_FIRST,
    SUM_KEEP,
    SUM_SECOND,
    SUM_SHIFT,
    SUM_THRESHOLD,
    SUMS,
    TOTAL,
    WANTED,
)
from lava_spquant.slayer.neuron.op.cpu._math import ONE, ZERO, exp
from lava_spquant.slayer.neuron.op.cpu._memory import load, store
from lava_spquant.slayer.neuron.op.cpu._slopes import fire_slope, store_slope
from lava_spquant.slayer.neuron.op.cpu._step import clear, integrate, keep_state

__all__ = ["backward"]


@jit
def backward(z, second, grad, out, sums, sizes, parameters, codes, constants, arena, start, stop):
    """Write dL/dx of the rows `start` to `stop`, and add to the sums.

    Parameters
    ----------
    z, second, grad, out : float32 or int16 (bfloat16), flat
        Currents (T or 1, length), dL/ds (T, length) and dL/dx in the currents' shape.
    sums : float64, flat (SUMS, period)
        Of this part of the rows.
    sizes, parameters, codes, constants, arena, start, stop
        As in `forward`.
    """
    steps, length, period = sizes[0], sizes[1], sizes[2]
    stride = 0 if codes[REPEATED] else length
    for row in range(start, stop):
        for column in range(0, min(period, length - row * period), BLOCK):
            place = row * period + column
            n = min(BLOCK, period - column, length - place)
            _remember(arena, z, second, place, stride, steps, parameters, period, column, n, codes, constants)
            clear(arena, GRADIENT, n)
            clear(arena, TOTAL, n)
            clear(arena, STACK, n)
            for k in range(SUMS):
                clear(arena, SUM + k * BLOCK, n)
            for t in range(steps - 1, -1, -1):
                potential = POTENTIAL + t * BLOCK
                fire_slope(arena, potential, n, codes, constants)
                if t + 1 < steps:
                    store_slope(arena, potential, n, codes, constants)
                _back(arena, potential, grad, t * length + place, n, codes)
                if codes[WANTED]:
                    _add_parameters(arena, potential, potential + steps * BLOCK, n)
                if codes[REPEATED]:
                    _add_up(arena, n)
                else:
                    _emit(arena, STATE, z, second, out, t * length + place, parameters, period, column, n, codes)
                _leak(arena, parameters, KEEP * period + column, n)
            if codes[REPEATED]:
                _emit(arena, TOTAL, z, second, out, place, parameters, period, column, n, codes)
            for k in range(SUMS):
                _flush(arena, SUM + k * BLOCK, sums, k * period + column, n)


@jit
def _remember(arena, z, second, place, stride, steps, parameters, period, column, n, codes, constants):
    """Write the potentials of all steps, and the states before them if they are wanted."""
    clear(arena, STATE, n)
    for t in range(steps):
        potential = POTENTIAL + t * BLOCK
        if codes[WANTED]:
            for i in range(n):
                store(arena, potential + steps * BLOCK + i, load(arena, STATE + i))
        integrate(arena, potential, z, second, t * stride + place, parameters, period, column, n, codes)
        if t + 1 < steps:
            keep_state(arena, potential, n, codes, constants)


@jit
def _back(arena, potential, grad, place, n, codes):
    """Write dL/dm to the state's row; the gradient's row holds dL/dv, and then what reached the spike times ds/dx."""
    hard = codes[HARD] != 0
    for i in range(n):
        m = load(arena, potential + i)
        s = ONE if m - ONE > ZERO else ZERO
        by_m = ONE - s if hard else ONE
        by_s = m if hard else ONE
        after = load(arena, GRADIENT + i) * load(arena, STACK + i)
        spike = (load(grad, place + i) - after * by_s) * load(arena, SLOPE + i)
        store(arena, GRADIENT + i, spike)
        store(arena, STATE + i, spike + after * by_m)


@jit
def _add_parameters(arena, potential, kept, n):
    """Add to the sums of the leak and of the threshold."""
    for i in range(n):
        m = load(arena, potential + i)
        product = load(arena, STATE + i) * load(arena, kept + i)
        store(arena, SUM + SUM_KEEP * BLOCK + i, load(arena, SUM + SUM_KEEP * BLOCK + i) + product)
        above = ONE if m >= ONE else ZERO
        product = load(arena, GRADIENT + i) * above / (ONE + exp(ONE - m))
        store(arena, SUM + SUM_THRESHOLD * BLOCK + i, load(arena, SUM + SUM_THRESHOLD * BLOCK + i) + product)


@jit
def _add_up(arena, n):
    for i in range(n):
        store(arena, TOTAL + i, load(arena, TOTAL + i) + load(arena, STATE + i))


@jit
def _emit(arena, row, z, second, out, place, parameters, period, column, n, codes):
    """Write a row as dL/dx, and add it and its products with the currents to the sums."""
    for i in range(n):
        x = load(arena, row + i)
        store(out, place + i, x)
        store(arena, SUM + SUM_SHIFT * BLOCK + i, load(arena, SUM + SUM_SHIFT * BLOCK + i) + x)
    _add_product(arena, row, z, place, parameters, CENTRE * period + column, SUM + SUM_FIRST * BLOCK, n)
    if codes[CURRENTS] == 2:
        centre = SECOND_CENTRE * period + column
        _add_product(arena, row, second, place, parameters, centre, SUM + SUM_SECOND * BLOCK, n)


@jit
def _add_product(arena, row, z, place, parameters, centre, total, n):
    for i in range(n):
        product = load(arena, row + i) * (load(z, place + i) - load(parameters, centre + i))
        store(arena, total + i, load(arena, total + i) + product)


@jit
def _leak(arena, parameters, keep, n):
    """Write dL/dv of the step before."""
    for i in range(n):
        store(arena, GRADIENT + i, load(arena, STATE + i) * load(parameters, keep + i))


@jit
def _flush(arena, row, sums, place, n):
    """Add a row to float64 sums."""
    for i in range(n):
        store(sums, place + i, load(sums, place + i) + load(arena, row + i))
