"""Sums of gradients over a list of events, kept in vector registers for all taps of a kernel."""

from __future__ import annotations

from typing import Any

import numba as nb
from llvmlite import ir as ll
from numba.core import cgutils
from numba.extending import intrinsic

from lava_spquant.jit.llvm import F32, I32, I64, counted_loop, data_pointer
from lava_spquant.slayer.byte_conv._lanes import LANES, VECTORS, WIDTH

__all__ = ["ROWS", "sum_1", "sum_3", "sum_3x3", "sum_5", "sum_7"]

ROWS = (1, 3, 5, 7)
"""Widths of the kernels whose rows can be summed."""

VECTOR = ll.VectorType(F32, WIDTH)


class _Taps:
    """Emits `total[k] += sum over events of value * tile[place + offset of tap k]`, LANES values each."""

    def __init__(self, builder: Any, rows: int, columns: int, pointers: list[Any], pitch: Any) -> None:
        self.builder = builder
        self.tile, self.places, self.values, self.total = pointers
        # The kernel is turned: its last tap meets the gradient in the first row and column.
        self.offsets = [
            builder.add(builder.mul(pitch, I64(rows - 1 - row)), I64((columns - 1 - column) * LANES + k * WIDTH))
            for row in range(rows)
            for column in range(columns)
            for k in range(VECTORS)
        ]

    def emit(self, start: Any, stop: Any) -> None:
        zeros = [ll.Constant(VECTOR, None)] * len(self.offsets)
        sums = counted_loop(self.builder, start, stop, 1, zeros, self._event)
        for k, value in enumerate(sums):
            place = self._vector(self.builder.gep(self.total, [I64(k * WIDTH)]))
            self.builder.store(self.builder.fadd(self.builder.load(place, align=4), value), place, align=4)

    def _event(self, index: Any, sums: list[Any]) -> list[Any]:
        b = self.builder
        place = b.sext(b.load(b.gep(self.places, [index])), I64)
        undefined = ll.Constant(VECTOR, ll.Undefined)
        first = b.insert_element(undefined, b.load(b.gep(self.values, [index])), I32(0))
        value = b.shuffle_vector(first, undefined, ll.Constant(ll.VectorType(I32, WIDTH), None))
        base = b.gep(self.tile, [place])
        kind = ll.FunctionType(VECTOR, [VECTOR] * 3)
        multiply_add = cgutils.get_or_insert_function(b.module, kind, f"llvm.fmuladd.v{WIDTH}f32")
        return [
            b.call(multiply_add, [b.load(self._vector(b.gep(base, [offset])), align=4), value, total])
            for offset, total in zip(self.offsets, sums, strict=True)
        ]

    def _vector(self, pointer: Any) -> Any:
        return self.builder.bitcast(pointer, VECTOR.as_pointer())


def _sum(rows: int, columns: int) -> Any:
    @intrinsic
    def add_up(typing_context, tile, places, values, start, stop, pitch, total, to):
        """Add the sums over `places[start:stop]` to `total[to:]`, tap by tap; `tile` has rows of `pitch` values."""

        def emit(context, builder, signature, arguments):
            data = [data_pointer(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 2, 6)]
            data[3] = builder.gep(data[3], arguments[7:])
            _Taps(builder, rows, columns, data, arguments[5]).emit(*arguments[3:5])
            return context.get_dummy_value()

        return nb.void(tile, places, values, nb.int64, nb.int64, nb.int64, total, nb.int64), emit

    return add_up


sum_3x3 = _sum(3, 3)
sum_1, sum_3, sum_5, sum_7 = (_sum(1, width) for width in ROWS)
