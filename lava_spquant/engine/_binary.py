"""Convolutions of spikes with weights of one bit: 64 products in an AND and a population count.

Spikes are packed per pixel, 64 channels to a word, where they are produced. With w = 1 where a weight is +1 and 0
where it is -1, `sum weight * spike = 2 * popcount(w & s) - popcount(s)`; pixels outside the image are words of 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import Emitter
from lava_spquant.engine._places import count_bits, load_bytes, load_int, load_word, store_int, store_word
from lava_spquant.engine._tables import (
    R_DH,
    R_DW,
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
    S_WIDTH,
)
from lava_spquant.jit.llvm import I32, I64, counted_loop, data_pointer

__all__ = ["WIDE", "WIDTH", "WORD", "BinarySums", "binary_row", "pack_bytes", "pack_row"]

WORD = 64
"""Channels in a word."""

WIDTH, WIDE = 8, 8
"""int64 lanes of a vector, and vectors of outputs that are summed in registers at a time."""

TURN = 3
"""Words per turn of the innermost loop: most kernels are three wide, and counting would take the vectors' ports."""


class BinarySums:
    """Emits the sums of some outputs over lines of words: `lines` of them, `pitch` apart, `span` words of each."""

    def __init__(self, emit: Emitter, words: Any, sizes: tuple[Any, Any, Any], weights: Any, stride: Any) -> None:
        self.emit, self.words, self.weights, self.stride = emit, words, weights, stride
        self.lines, self.pitch, self.span = sizes

    def over(self, first: Any, vectors: int) -> list[Any]:
        """Return population counts of `8 * vectors` outputs from `first`."""
        b = self.emit.builder
        zero = ll.Constant(ll.VectorType(I64, WIDTH), None)
        whole = b.mul(b.sdiv(self.span, I64(TURN)), I64(TURN))

        # Pointers are carried on: computed from indices, they take the registers and the vectors' ports.
        def line(number: Any, carried: list[Any]) -> list[Any]:
            here, *rest = carried

            def word(k: Any, carried: list[Any]) -> list[Any]:
                row, *sums = carried
                value = self.emit.splat64(b.load(b.gep(here, [k])))
                found = (b.and_(self.emit.load64(row, I64(WIDTH * j)), value) for j in range(vectors))
                counted = [b.add(total, self.emit.popcount64(bits)) for total, bits in zip(sums, found, strict=True)]
                return [b.gep(row, [self.stride]), *counted]

            def turn(k: Any, carried: list[Any]) -> list[Any]:
                for later in range(TURN):
                    carried = word(b.add(k, I64(later)), carried)
                return carried

            rest = counted_loop(b, I64(0), whole, TURN, rest, turn)
            return [b.gep(here, [self.pitch]), *counted_loop(b, whole, self.span, 1, rest, word)]

        carried = [self.words, b.gep(self.weights, [first]), *[zero] * vectors]
        return counted_loop(b, I64(0), self.lines, 1, carried, line)[2:]


@intrinsic
def _binary_sums(typingctx, words, first, lines, pitch, span, weight, base, stride, total, acc, at):
    """Write sums of `stride` outputs, a multiple of 8, from `acc[at:]`; see `BinarySums`. Places count int64."""
    intp = types.intp
    signature = types.void(words, intp, intp, intp, intp, weight, intp, intp, types.int64, acc, intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        emit = Emitter(builder, WIDTH)
        source, rows, target = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 5, 9))
        here = builder.gep(builder.bitcast(source, I64.as_pointer()), [args[1]])
        weights = builder.gep(builder.bitcast(rows, I64.as_pointer()), [args[6]])
        stride, minus, acc = args[7], emit.splat64(args[8]), builder.gep(target, [args[10]])
        sums = BinarySums(emit, here, (args[2], args[3], args[4]), weights, stride)

        def some(vectors: int) -> Callable[[Any, list[Any]], list[Any]]:
            def body(first: Any, carried: list[Any]) -> list[Any]:
                for j, value in enumerate(sums.over(first, vectors)):
                    signed = builder.sub(builder.add(value, value), minus)
                    narrow = builder.trunc(signed, ll.VectorType(I32, WIDTH))
                    emit.store(narrow, acc, builder.add(first, I64(WIDTH * j)))
                return []

            return body

        wide = builder.mul(builder.sdiv(stride, I64(WIDTH * WIDE)), I64(WIDTH * WIDE))
        counted_loop(builder, I64(0), wide, WIDTH * WIDE, [], some(WIDE))
        counted_loop(builder, wide, stride, WIDTH, [], some(1))
        return context.get_dummy_value()

    return signature, codegen


@jit
def _popcount(x):
    x = np.uint64(x)
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@jit
def _plain_sums(words, first, lines, pitch, span, weight, base, stride, total, acc, at):
    for o in range(stride):
        found = np.int64(0)
        for line in range(lines):
            for k in range(span):
                bits = load_word(weight, base + (line * span + k) * stride + o)
                found += _popcount(load_word(words, first + line * pitch + k) & bits)
        acc[at + o] = 2 * found - total


@jit
def pack_row(masks, width, channels, target, at):
    """Write a row's spikes as words per pixel, from int64 `target[at:]`; `masks` hold 16 spikes each."""
    words = (channels + WORD - 1) // WORD
    for x in range(width):
        for w in range(words):
            start = x * channels + w * WORD
            some = min(WORD, channels - w * WORD)
            chunk, offset = start >> 4, np.uint64(start & 15)
            value = np.uint64(0)
            for k in range(4):
                value |= np.uint64(masks[chunk + k]) << np.uint64(16 * k)
            if offset:
                value = (value >> offset) | (np.uint64(masks[chunk + 4]) << (np.uint64(64) - offset))
            if some < WORD:
                value &= (np.uint64(1) << np.uint64(some)) - np.uint64(1)
            store_word(target, at + x * words + w, np.int64(value))


@jit
def pack_bytes(bits, width, channels, target, at):
    """Do what `pack_row` does, with spikes as bits side by side and channels in whole bytes."""
    words = (channels + WORD - 1) // WORD
    for x in range(width):
        for w in range(words):
            value = load_bytes(bits, (x * channels + w * WORD) >> 3)
            some = channels - w * WORD
            if some < WORD:
                value &= (np.int64(1) << some) - 1
            store_word(target, at + x * words + w, value)


@jit
def _gather(branch, stream, packed_at, y, left, packed, rows):
    """Write the words under a kernel that is dilated along the width; return the number of spikes."""
    total = np.int64(0)
    words, count = (stream[S_CHANNELS] + WORD - 1) // WORD, 0
    for ky in range(branch[R_KH]):
        iy = y * branch[R_SH] - branch[R_PH] + ky * branch[R_DH]
        for kx in range(branch[R_KW]):
            ix = left + kx * branch[R_DW]
            inside = 0 <= iy < stream[S_HEIGHT] and 0 <= ix < stream[S_WIDTH]
            at = packed_at + (iy * stream[S_WIDTH] + ix) * words
            for w in range(words):
                word = load_word(packed, at + w) if inside else np.int64(0)
                store_word(rows, count, word)
                total += _popcount(word)
                count += 1
    return total


@jit
def _frame(branch, stream, packed_at, y, words, packed, rows, spikes, vector):
    """Write the lines of the source that meet an output row, with a border of zeros; return their pitch.

    `spikes` receives, for every column, the number of spikes in these lines.
    """
    length, border = stream[S_WIDTH] * words, branch[R_PW] * words
    pitch = length + 2 * border
    for column in range(stream[S_WIDTH] + 2 * branch[R_PW]):
        spikes[column] = 0
    for ky in range(branch[R_KH]):
        iy = y * branch[R_SH] - branch[R_PH] + ky * branch[R_DH]
        to, at = ky * pitch, packed_at + iy * length
        for k in range(border):
            store_word(rows, to + k, np.int64(0))
            store_word(rows, to + border + length + k, np.int64(0))
        if not 0 <= iy < stream[S_HEIGHT]:
            for k in range(length):
                store_word(rows, to + border + k, np.int64(0))
            continue
        for k in range(length):
            store_word(rows, to + border + k, load_word(packed, at + k))
        for w in range(words):
            for column in range(stream[S_WIDTH]):
                word = load_word(packed, at + column * words + w)
                bits = count_bits(word) if vector else _popcount(word)
                place = branch[R_PW] + column
                store_int(spikes, place, load_int(spikes, place) + bits)
    return pitch


@jit
def binary_row(branch, stream, packed_at, y, width, channels, weight, packed, rows, spikes, acc, vector):
    """Fill `acc` with one output row (width, channels); `packed_at` is where the stream's words begin."""
    words = (stream[S_CHANNELS] + WORD - 1) // WORD
    # Places in the pool of weights count int16.
    base, stride = branch[R_WEIGHT] >> 2, branch[R_STRIDE]
    plain = branch[R_DW] != 1
    lines, span = branch[R_KH], branch[R_KW] * words
    pitch = span if plain else _frame(branch, stream, packed_at, y, words, packed, rows, spikes, vector)
    for x in range(width):
        left, first, total = x * branch[R_SW], 0, np.int64(0)
        if plain:
            total = _gather(branch, stream, packed_at, y, left - branch[R_PW], packed, rows)
        else:
            first = left * words
            for column in range(left, left + branch[R_KW]):
                total += load_int(spikes, column)
        if vector:
            _binary_sums(rows, first, lines, pitch, span, weight, base, stride, total, acc, x * channels)
        else:
            _plain_sums(rows, first, lines, pitch, span, weight, base, stride, total, acc, x * channels)
