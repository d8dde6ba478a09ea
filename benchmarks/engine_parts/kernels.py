"""Two small loops that find out what one core can do: adding rows of weights, and walking over state."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._memory import aligned_zeros
from lava_spquant.jit.llvm import I16, I64, counted_loop, data_pointer

__all__ = ["LANES", "Roof", "add_rows", "measure_roof"]

LANES = 64
"""Output channels of a row: int16, so two of the widest vectors."""

ROWS = 128
"""Rows of weights: 16 KiB, half of a small L1 cache."""

UNROLL = 4


@intrinsic
def _add_rows(typingctx, weight, rows, sums):
    """Add `rows` (a multiple of `UNROLL`) rows of `LANES` int16 values to `sums`, which stay in registers.

    Every row of a turn has a sum of its own: additions that wait for one another would be slower than loads.
    """
    signature = types.void(weight, rows, sums)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        weights, out = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 2))
        vector = ll.VectorType(I16, LANES)

        def load(pointer: Any, index: Any) -> Any:
            place = builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())
            return builder.load(place, align=2)

        def body(row: Any, carried: list[Any]) -> list[Any]:
            places = [builder.mul(builder.add(row, I64(step)), I64(LANES)) for step in range(UNROLL)]
            return [builder.add(total, load(weights, place)) for total, place in zip(carried, places, strict=True)]

        start = [load(out, I64(0)), *[ll.Constant(vector, None)] * (UNROLL - 1)]
        totals = counted_loop(builder, I64(0), args[1], UNROLL, start, body)
        total = functools.reduce(builder.add, totals)
        builder.store(total, builder.bitcast(out, vector.as_pointer()), align=2)
        return context.get_dummy_value()

    return signature, codegen


@nb.njit
def add_rows(weight, rows, sums, repeats):
    """Add the first `rows` rows of `weight` to `sums`, `repeats` times, wrapping at 16 bits."""
    for _ in range(repeats):
        _add_rows(weight, rows, sums)


@nb.njit
def walk(state, repeats):
    """Read, change and write every value, `repeats` times."""
    for _ in range(repeats):
        for i in range(state.shape[0]):
            state[i] ^= np.int32(1)


@dataclass(frozen=True)
class Roof:
    """What one core can do at most.

    Attributes
    ----------
    additions : float
        int16 additions per second, of weight rows that lie in the L1 cache.
    bytes : float
        Bytes of state per second, read and written in place; both directions count.
    """

    additions: float
    bytes: float


def measure_roof(state_bytes: int, seconds: float) -> Roof:
    """Measure both on one thread, with as much state as a network has."""
    weight, sums = aligned_zeros((ROWS, LANES), np.int16), aligned_zeros((LANES,), np.int16)
    state = aligned_zeros((max(state_bytes // 4, 1024),), np.int32)
    adding = _fastest(lambda repeats: add_rows(weight, ROWS, sums, repeats), seconds)
    walking = _fastest(lambda repeats: walk(state, repeats), seconds)
    return Roof(weight.size / adding, 2 * state.nbytes / walking)


def _fastest(loop: Callable[[int], object], seconds: float, tries: int = 7) -> float:
    """Return the seconds of one repeat, the least of some tries that last `seconds` together."""
    loop(1)
    repeats = 1
    while (found := _time(loop, repeats)) < seconds / tries:
        repeats *= 2
    return min(found, *(_time(loop, repeats) for _ in range(tries))) / repeats


def _time(loop: Callable[[int], object], repeats: int) -> float:
    start = time.perf_counter()
    loop(repeats)
    return time.perf_counter() - start
