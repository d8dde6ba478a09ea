"""Convolutions of 8-bit images with 8-bit weights, four products to a lane: AVX-512's `vpdpbusd`.

An image is dense, so that listing its values and summing weight rows one by one does too much. Here the lines under a
kernel are laid out as bytes, and every output takes their products with its weights, four bytes at a time. Sums are
exact: products of unsigned and signed bytes are added in 32 bits, without saturation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir as ll
from numba.core import cgutils, types
from numba.extending import intrinsic

from lava_spquant.engine._cpu import has_dots
from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.engine._places import load_int, store_byte
from lava_spquant.engine._tables import (
    R_DH,
    R_KH,
    R_KW,
    R_PH,
    R_PW,
    R_SH,
    R_STRIDE,
    R_SW,
    R_WEIGHT,
    S_CHANNELS,
    S_HEIGHT,
    S_ROW,
    S_WIDTH,
)
from lava_spquant.jit.llvm import I8, I32, I64, counted_loop, data_pointer

__all__ = ["GROUP", "dot_row"]

GROUP = 4
"""Products that are added into one lane."""

WIDE = 8
"""Vectors of outputs that are summed in registers at a time."""


class _Dots:
    """Emits the sums of some outputs over lines of bytes: `lines` of them, `pitch` bytes apart, `groups` of four."""

    def __init__(self, emit: Emitter, bytes_: Any, sizes: tuple[Any, Any, Any], weights: Any, stride: Any) -> None:
        self.emit, self.bytes, self.weights, self.stride = emit, bytes_, weights, stride
        self.lines, self.pitch, self.groups = sizes

    def over(self, first: Any, vectors: int) -> list[Any]:
        """Return the sums of `16 * vectors` outputs from `first`."""
        b, emit = self.emit.builder, self.emit

        def line(number: Any, sums: list[Any]) -> list[Any]:
            here = b.bitcast(b.gep(self.bytes, [b.mul(number, self.pitch)]), I32.as_pointer())
            base = b.add(b.mul(b.mul(number, self.groups), self.stride), first)

            def group(k: Any, sums: list[Any]) -> list[Any]:
                four = emit.splat(b.load(b.gep(here, [k]), align=1))
                row = b.add(base, b.mul(k, self.stride))
                weights = (emit.load(self.weights, b.add(row, I64(LANES * j))) for j in range(vectors))
                return [self.add(total, four, weight) for total, weight in zip(sums, weights, strict=True)]

            return counted_loop(b, I64(0), self.groups, 1, sums, group)

        return counted_loop(b, I64(0), self.lines, 1, [emit.zero] * vectors, line)

    def add(self, total: Any, values: Any, weights: Any) -> Any:
        """Return the lanes of `total` plus the products of their four unsigned and four signed bytes."""
        b, emit = self.emit.builder, self.emit
        if has_dots():
            kind = ll.FunctionType(emit.kind, [emit.kind] * 3)
            dot = cgutils.get_or_insert_function(b.module, kind, "llvm.x86.avx512.vpdpbusd.512")
            return b.call(dot, [total, values, weights])
        # Compiled with the rest and not called: the compiler ends the program where it does not know an instruction.
        for k in range(GROUP):
            value = b.and_(b.lshr(values, emit.constant(8 * k)), emit.constant(255))
            weight = b.ashr(b.shl(weights, emit.constant(24 - 8 * k)), emit.constant(24))
            total = b.add(total, b.mul(value, weight))
        return total


@intrinsic
def _dot_sums(typingctx, source, first, lines, pitch, groups, weight, base, stride, acc, at):
    """Write sums of `stride` outputs, a multiple of 16, from `acc[at:]`.

    `first` and `pitch` count bytes, and `base` int32, each of which holds the four weights of one output.
    """
    intp = types.intp
    signature = types.void(source, intp, intp, intp, intp, weight, intp, intp, acc, intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        emit = Emitter(builder)
        memory, rows, target = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 5, 8))
        here = builder.gep(builder.bitcast(memory, I8.as_pointer()), [args[1]])
        weights = builder.gep(builder.bitcast(rows, I32.as_pointer()), [args[6]])
        stride, acc = args[7], builder.gep(target, [args[9]])
        dots = _Dots(emit, here, (args[2], args[3], args[4]), weights, stride)

        def some(vectors: int) -> Callable[[Any, list[Any]], list[Any]]:
            def body(first: Any, carried: list[Any]) -> list[Any]:
                for j, value in enumerate(dots.over(first, vectors)):
                    emit.store(value, acc, builder.add(first, I64(LANES * j)))
                return []

            return body

        wide = builder.mul(builder.sdiv(stride, I64(LANES * WIDE)), I64(LANES * WIDE))
        counted_loop(builder, I64(0), wide, LANES * WIDE, [], some(WIDE))
        counted_loop(builder, wide, stride, LANES, [], some(1))
        return context.get_dummy_value()

    return signature, codegen


@jit
def _frame(branch, stream, dense_at, y, dense, rows):
    """Write the lines of the source that meet an output row as bytes, with a border of zeros; return their pitch."""
    length, border = stream[S_WIDTH] * stream[S_CHANNELS], branch[R_PW] * stream[S_CHANNELS]
    pitch = length + 2 * border
    for ky in range(branch[R_KH]):
        iy = y * branch[R_SH] - branch[R_PH] + ky * branch[R_DH]
        to, at = ky * pitch, dense_at + iy * stream[S_ROW]
        for k in range(border):
            store_byte(rows, to + k, np.int64(0))
            store_byte(rows, to + border + length + k, np.int64(0))
        if not 0 <= iy < stream[S_HEIGHT]:
            for k in range(length):
                store_byte(rows, to + border + k, np.int64(0))
            continue
        for k in range(length):
            store_byte(rows, to + border + k, load_int(dense, at + k))
    return pitch


@jit
def dot_row(branch, stream, dense_at, y, width, channels, weight, dense, rows, acc):
    """Fill `acc` with one output row (width, channels) from the values by place at `dense_at`."""
    pitch = _frame(branch, stream, dense_at, y, dense, rows)
    groups = (branch[R_KW] * stream[S_CHANNELS] + GROUP - 1) // GROUP
    # Places in the pool of weights count int16.
    base, stride = branch[R_WEIGHT] >> 1, branch[R_STRIDE]
    for x in range(width):
        first = x * branch[R_SW] * stream[S_CHANNELS]
        _dot_sums(rows, first, branch[R_KH], pitch, groups, weight, base, stride, acc, x * channels)
