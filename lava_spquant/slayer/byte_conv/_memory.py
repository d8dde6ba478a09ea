"""Loads and stores by flat index, without Numba's wraparound, and a look at 64 values at once."""

from __future__ import annotations

import numba as nb
from llvmlite import ir as ll
from numba.extending import intrinsic

from lava_spquant.jit.llvm import F32, I1, I8, I64, data_pointer
from lava_spquant.slayer.byte_conv._lanes import VECTORS, WIDTH

__all__ = ["NONZERO", "copy_lanes", "first_bit", "get", "nonzero_bits", "put"]

NONZERO = 64
"""Bytes that `nonzero_bits` looks at."""


@intrinsic
def get(typing_context, array, index):
    """Return `array[index]`."""

    def emit(context, builder, signature, arguments):
        return builder.load(builder.gep(data_pointer(context, builder, signature.args[0], arguments[0]), arguments[1:]))

    return array.dtype(array, nb.int64), emit


@intrinsic
def put(typing_context, array, index, value):
    """Write `array[index] = value`."""

    def emit(context, builder, signature, arguments):
        data = data_pointer(context, builder, signature.args[0], arguments[0])
        builder.store(arguments[2], builder.gep(data, arguments[1:2]))
        return context.get_dummy_value()

    return nb.void(array, nb.int64, array.dtype), emit


@intrinsic
def copy_lanes(typing_context, source, start, target, to):
    """Write `target[to : to + LANES] = source[start : start + LANES]`, float32."""

    def emit(context, builder, signature, arguments):
        vector = ll.VectorType(F32, WIDTH).as_pointer()
        pointers = [
            builder.gep(data_pointer(context, builder, signature.args[k], arguments[k]), arguments[k + 1 : k + 2])
            for k in (0, 2)
        ]
        for k in range(VECTORS):
            here, there = (builder.bitcast(builder.gep(p, [I64(k * WIDTH)]), vector) for p in pointers)
            builder.store(builder.load(here, align=4), there, align=4)
        return context.get_dummy_value()

    return nb.void(source, nb.int64, target, nb.int64), emit


@intrinsic
def nonzero_bits(typing_context, array, index):
    """Return one bit per byte of `array[index : index + NONZERO]`, uint8: whether it is not 0."""

    def emit(context, builder, signature, arguments):
        vector = ll.VectorType(I8, NONZERO)
        place = builder.gep(data_pointer(context, builder, signature.args[0], arguments[0]), arguments[1:])
        values = builder.load(builder.bitcast(place, vector.as_pointer()), align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", values, ll.Constant(vector, None)), I64)

    return nb.uint64(array, nb.int64), emit


@intrinsic
def first_bit(typing_context, bits):
    """Return the place of the lowest bit that is set; undefined for 0."""

    def emit(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ll.Constant(I1, 1))

    return nb.int64(nb.uint64), emit
