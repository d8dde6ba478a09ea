"""Convolutions on bits with thresholds behind them: spikes from population counts, without sums in memory.

A neuron spikes where `(sum * gain + half >> shift) + bias > vth`. As a gain is not negative here, that is
`sum >= least` with one integer per channel, and with `sum = 2 * popcount(w & s) - popcount(s)` a comparison of the
population count. The least counts of even and of odd popcount(s) lie in the pool of parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._binary import WIDE, WIDTH, WORD, BinarySums
from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import Emitter, own_function
from lava_spquant.engine._places import store_int, store_word
from lava_spquant.engine._tables import (
    B_FIRST_BRANCH,
    B_LIMITS,
    R_DELAY,
    R_DH,
    R_KH,
    R_KW,
    R_PH,
    R_PW,
    R_SH,
    R_STREAM,
    R_STRIDE,
    R_SW,
    R_WEIGHT,
    S_CHANNELS,
    S_DENSE,
    S_HEIGHT,
    S_PACKED,
    S_RING,
    S_ROW,
    S_WANT_DENSE,
    S_WIDTH,
)
from lava_spquant.jit.llvm import I1, I8, I32, I64, counted_loop, data_pointer

__all__ = ["spiking_rows"]


class _Row:
    """Emits one row of pixels: spikes of some outputs of each, from population counts of the lines under it."""

    def __init__(self, emit: Emitter, pointer: dict[str, Any], size: dict[str, Any]) -> None:
        self.emit, self.pointer, self.size = emit, pointer, size

    def pixel(self, x: Any) -> None:
        """Write the spikes of pixel `x`."""
        b, size = self.emit.builder, self.size
        left, stride = b.mul(x, size["step"]), size["stride"]
        total = self._spikes_under(left)
        here = b.gep(self.pointer["words"], [left])
        sums = BinarySums(
            self.emit, here, (size["lines"], size["pitch"], size["span"]), self.pointer["weights"], stride
        )
        odd = b.select(b.trunc(total, I1), stride, I64(0))
        least, half = b.gep(self.pointer["least"], [odd]), self.emit.splat64(b.ashr(total, I64(1)))
        bits = b.gep(self.pointer["bits"], [b.mul(x, size["each"])])
        flags = b.gep(self.pointer["flags"], [b.mul(x, stride)])

        def some(vectors: int) -> Callable[[Any, list[Any]], list[Any]]:
            def body(first: Any, carried: list[Any]) -> list[Any]:
                counts = sums.over(first, vectors)
                at, row, values = b.gep(bits, [b.lshr(first, I64(3))]), b.gep(least, [first]), b.gep(flags, [first])
                for j, count in enumerate(counts):
                    self._spikes(count, j, row, half, at, values)
                return []

            return body

        counted_loop(b, I64(0), size["wide"], WIDTH * WIDE, [], some(WIDE))
        counted_loop(b, size["wide"], stride, WIDTH, [], some(1))

    def _spikes_under(self, left: Any) -> Any:
        b = self.emit.builder
        first = b.gep(self.pointer["sums"], [left])

        def body(k: Any, carried: list[Any]) -> list[Any]:
            return [b.add(carried[0], b.sext(b.load(b.gep(first, [k])), I64))]

        return counted_loop(b, I64(0), self.size["span"], 1, [I64(0)], body)[0]

    def _spikes(self, count: Any, vector: int, least: Any, half: Any, bits: Any, flags: Any) -> None:
        b, emit, at = self.emit.builder, self.emit, I64(WIDTH * vector)
        spikes = b.icmp_signed(">=", count, b.add(emit.load64(least, at), half))
        b.store(b.bitcast(spikes, I8), b.gep(bits, [I64(vector)]))
        with b.if_then(self.size["write_flags"]):
            emit.store(b.zext(spikes, emit.kind), flags, at)


_POINTERS = {"words": I64, "weights": I64, "least": I64, "sums": I32, "bits": I8, "flags": I32}
_SIZES = ("lines", "pitch", "span", "stride", "step", "width", "each", "write_flags")


def _row(builder: ll.IRBuilder, pointer: dict[str, Any], size: dict[str, Any]) -> None:
    wide = WIDTH * WIDE
    size["wide"] = builder.mul(builder.sdiv(size["stride"], I64(wide)), I64(wide))
    size["write_flags"] = builder.trunc(size["write_flags"], I1)
    row = _Row(Emitter(builder, WIDTH), pointer, size)

    def body(x: Any, carried: list[Any]) -> list[Any]:
        row.pixel(x)
        return []

    counted_loop(builder, I64(0), size["width"], 1, [], body)


@intrinsic
def _binary_spikes(
    typingctx, words, first, weight, base, limits, limits_at, sums, sums_at, bits, bits_at, flags, flags_at,
    lines, pitch, span, stride, step, width, each, write_flags
):  # fmt: skip
    """Write the spikes of a row of pixels: as bits from byte `bits_at`, `each` bytes a pixel, and as 0 and 1.

    Lines, pitch, span, weights and stride are those of `_binary._binary_sums`; `sums` holds the spikes in the words
    above each other under the kernel, and every pixel begins `step` words behind the last.
    """
    i = types.intp
    pairs = words, i, weight, i, limits, i, sums, i, bits, i, flags, i
    signature = types.void(*pairs, *(i for _ in _SIZES))

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        places = []
        for k, kind in enumerate(_POINTERS.values()):
            data = data_pointer(context, builder, sig.args[2 * k], args[2 * k])
            places.append(builder.gep(builder.bitcast(data, kind.as_pointer()), [args[2 * k + 1]]))
        function = own_function(builder.module, "lava_spquant_binary_spikes", _POINTERS, _SIZES, _row)
        builder.call(function, [*places, *args[2 * len(_POINTERS) :]])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _count_words(typingctx, packed, at, count, lines, to, spikes, place):
    """Copy `count` words to `lines[to:]` and write the spikes in each; up to seven places more are written."""
    i = types.intp
    signature = types.void(packed, i, i, lines, i, spikes, i)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        emit = Emitter(builder, WIDTH)
        source, target, counts = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 3, 5))
        source = builder.gep(builder.bitcast(source, I64.as_pointer()), [args[1]])
        target = builder.gep(builder.bitcast(target, I64.as_pointer()), [args[4]])
        counts = builder.gep(counts, [args[6]])

        def body(k: Any, carried: list[Any]) -> list[Any]:
            words = emit.load64(source, k)
            emit.store(words, target, k)
            emit.store(builder.trunc(emit.popcount64(words), emit.kind), counts, k)
            return []

        counted_loop(builder, I64(0), args[2], WIDTH, [], body)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _sum_lines(typingctx, counts, first, lines, pitch, to, count):
    """Sum `count` places of `lines` lines from `counts[first:]`, `pitch` apart, into `counts[to:]`, behind them."""
    i = types.intp
    signature = types.void(counts, i, i, i, i, i)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        emit, data = Emitter(builder), data_pointer(context, builder, sig.args[0], args[0])
        source, target = builder.gep(data, [args[1]]), builder.gep(data, [args[4]])

        def place(k: Any, carried: list[Any]) -> list[Any]:
            def line(number: Any, sums: list[Any]) -> list[Any]:
                return [builder.add(sums[0], emit.load(source, builder.add(builder.mul(number, args[3]), k)))]

            (total,) = counted_loop(builder, I64(0), args[2], 1, [emit.zero], line)
            emit.store(total, target, k)
            return []

        counted_loop(builder, I64(0), args[5], emit.lanes, [], place)
        return context.get_dummy_value()

    return signature, codegen


@jit
def _frame(stream, packed_at, low, high, border, words, packed, lines, spikes):
    """Lay rows `low` to `high - 1` of a packed stream, with a border of zeros on both sides, and count their spikes."""
    length = stream[S_WIDTH] * words
    pitch = length + 2 * border
    for iy in range(low, high):
        to = (iy - low) * pitch
        _count_words(packed, packed_at + iy * length, length, lines, to + border, spikes, to + border)
        for k in range(border):
            store_word(lines, to + k, np.int64(0))
            store_int(spikes, to + k, 0)
            # Behind the words: vectors write beyond them.
            store_word(lines, to + border + length + k, np.int64(0))
            store_int(spikes, to + border + length + k, 0)


@jit
def spiking_rows(b, t, top, bottom, streams, blocks, branches, weight, par, dense, rows, factors, scratch):
    """Advance rows `top` to `bottom - 1` of block `b`, which has limits, by step `t`."""
    branch, own = branches[blocks[b, B_FIRST_BRANCH]], streams[b + 1]
    stream = streams[branch[R_STREAM]]
    slot, words = (t - branch[R_DELAY]) & (stream[S_RING] - 1), (stream[S_CHANNELS] + WORD - 1) // WORD
    height, border = stream[S_HEIGHT], branch[R_PW] * words
    pitch, kernel = stream[S_WIDTH] * words + 2 * border, branch[R_KH]
    step, above, spread = branch[R_SH], branch[R_PH], branch[R_DH]
    # The lines of the source that these rows meet, once.
    low = max(top * step - above, 0)
    high = max(low, min((bottom - 1) * step - above + (kernel - 1) * spread + 1, height))
    packed_at = (stream[S_PACKED] >> 1) + slot * height * stream[S_WIDTH] * words
    _frame(stream, packed_at, low, high, border, words, dense, rows, factors)
    sizes = words, pitch, (high - low) * pitch
    for y in range(top, bottom):
        # Kernel rows that lie inside.
        start = y * step - above
        skipped = max(0, (spread - 1 - start) // spread)
        kept = max(0, min(kernel, (height - start + spread - 1) // spread) - skipped)
        lines = start + skipped * spread - low, skipped, kept
        row = (t & (own[S_RING] - 1)) * own[S_HEIGHT] + y
        _spiking_row(blocks[b], own, branch, row, lines, sizes, weight, par, dense, rows, factors, scratch)


@jit
def _spiking_row(block, own, branch, row, lines, sizes, weight, par, dense, rows, factors, scratch):
    """Write one row of spikes.

    `lines` are the first line, the kernel rows skipped above it and the kernel rows; `sizes` words of a pixel and of
    a line, and where behind the counts of the lines there is room for their sums.
    """
    line, skipped, kept = lines
    words, pitch, sums_at = sizes
    stride, spread, width, span = branch[R_STRIDE], branch[R_DH], own[S_WIDTH], branch[R_KW] * words
    # Places in the pool of weights count int16.
    base = (branch[R_WEIGHT] >> 2) + skipped * span * stride
    flags_at, each = own[S_DENSE] + row * own[S_ROW], 8 * ((own[S_CHANNELS] + WORD - 1) // WORD)
    first, apart = line * pitch, spread * pitch
    _sum_lines(factors, first, kept, apart, sums_at, pitch)
    packed = own[S_PACKED] >= 0
    bits, bits_at = (dense, 4 * own[S_PACKED] + row * width * each) if packed else (scratch, 0)
    _binary_spikes(
        rows, first, weight, base, par, block[B_LIMITS], factors, sums_at, bits, bits_at, dense, flags_at,
        kept, apart, span, stride, branch[R_SW] * words, width, each, own[S_WANT_DENSE],
    )  # fmt: skip
