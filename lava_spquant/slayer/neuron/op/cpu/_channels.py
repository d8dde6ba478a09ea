"""Sums and affine maps per channel."""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._math import ZERO
from lava_spquant.slayer.neuron.op.cpu._memory import load, store

__all__ = ["affine", "affine_in_place", "moments"]


@jit
def moments(z, pivot, sums, length, period, start, stop, arena):
    """Add the sums of `z - pivot` and of its square over the rows `start` to `stop` to `sums`, float64 (2, period)."""
    flush = 16
    for begin in range(start, stop, flush):
        end = min(begin + flush, stop)
        for i in range(2 * period):
            store(arena, i, ZERO)
        for row in range(begin, end):
            place = row * period
            for i in range(min(period, length - place)):
                d = load(z, place + i) - load(pivot, i)
                store(arena, i, load(arena, i) + d)
                store(arena, period + i, load(arena, period + i) + d * d)
        for i in range(2 * period):
            store(sums, i, load(sums, i) + load(arena, i))


@jit
def affine(x, z, out, factors, length, period, start, stop):
    """Write `a * x + b * z + c` of the rows `start` to `stop`; `factors` is flat (3, period)."""
    for row in range(start, stop):
        place = row * period
        for i in range(min(period, length - place)):
            value = load(x, place + i) * load(factors, i) + load(z, place + i) * load(factors, period + i)
            store(out, place + i, value + load(factors, 2 * period + i))


@jit
def affine_in_place(x, z, factors, length, period, start, stop):
    """Overwrite x: to LLVM, an output that may lie anywhere on its input is no vector."""
    for row in range(start, stop):
        place = row * period
        for i in range(min(period, length - place)):
            value = load(x, place + i) * load(factors, i) + load(z, place + i) * load(factors, period + i)
            store(x, place + i, value + load(factors, 2 * period + i))
