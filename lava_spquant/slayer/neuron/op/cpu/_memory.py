"""Loads and stores of float32 by flat index, in a form that LLVM turns into vectors.

Numba's own indexing lets an index count from the end and multiplies strides, which stops the vectoriser. Arrays of
int16 hold bfloat16: the upper half of a float32.
"""

from __future__ import annotations

import numba as nb
from llvmlite import ir as ll
from numba.extending import intrinsic

__all__ = ["as_float", "load", "store"]

F32, I16, I32 = ll.FloatType(), ll.IntType(16), ll.IntType(32)


def _place(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [index])


@intrinsic
def load(typing_context, array, index):
    """Return float32 `array[index]` of a contiguous float32, float64 or bfloat16 (int16) array."""

    def emit(context, builder, signature, arguments):
        value = builder.load(_place(context, builder, signature.args[0], *arguments))
        if value.type == I16:
            return builder.bitcast(builder.shl(builder.zext(value, I32), I32(16)), F32)
        return value

    result = nb.float64 if array.dtype == nb.float64 else nb.float32
    return result(array, nb.int64), emit


@intrinsic
def store(typing_context, array, index, value):
    """Write `array[index] = value`; to bfloat16 rounded to nearest, halves to even."""

    def emit(context, builder, signature, arguments):
        array, index, value = arguments
        place = _place(context, builder, signature.args[0], array, index)
        if place.type.pointee == I16:
            bits = builder.bitcast(value, I32)
            odd = builder.and_(builder.lshr(bits, I32(16)), I32(1))
            rounded = builder.add(builder.add(bits, I32(0x7FFF)), odd)
            # A NaN whose upper half is all ones would round up to zero.
            number = builder.fcmp_ordered("ord", value, value)
            bits = builder.select(number, rounded, I32(0x7FC00000))
            value = builder.trunc(builder.lshr(bits, I32(16)), I16)
        builder.store(value, place)
        return context.get_dummy_value()

    kind = nb.float64 if array.dtype == nb.float64 else nb.float32
    return nb.void(array, nb.int64, kind), emit


@intrinsic
def as_float(typing_context, bits):
    """Return the float32 with these 32 bits."""

    def emit(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], F32)

    return nb.float32(nb.int32), emit
