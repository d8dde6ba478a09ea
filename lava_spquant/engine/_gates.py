"""Gates: which neurons of a block receive current, and sums for the channels that do and no others."""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll
from numba.core import cgutils, types
from numba.extending import intrinsic

from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.engine._tables import (
    B_GATE_AT,
    B_GATES,
    G_CELL_HEIGHT,
    G_CELL_WIDTH,
    G_COLUMNS,
    G_DELAY,
    G_STREAM,
    R_BYTES,
    R_COLUMNS,
    R_DELAY,
    R_KH,
    R_KW,
    R_NARROWS,
    R_SH,
    R_STREAM,
    R_STRIDE,
    R_SW,
    R_WEIGHT,
    S_CHANNELS,
    S_DENSE,
    S_HEIGHT,
    S_PIXELS,
    S_RING,
    S_ROW,
    S_WIDTH,
    SLACK,
)
from lava_spquant.jit.llvm import I1, I8, I16, I32, I64, counted_loop, data_pointer

__all__ = ["cover_row", "expand_row", "open_block", "shade_row", "slim_at", "words_of"]

WORD, VECTOR_BITS = 64, 512

NARROWING = 6
"""Additions of a vector that take as long as moving together the open channels of one."""


@jit
def _gate_at(gate, t, par, streams):
    """Return where a gate's spikes of step `t` begin in the dense pool."""
    stream = streams[par[gate + G_STREAM]]
    slot = (t - par[gate + G_DELAY]) & (stream[S_RING] - 1)
    return stream[S_DENSE] + slot * stream[S_HEIGHT] * stream[S_ROW]


@jit
def _has_cells(block, par):
    """Say whether a gate of the block opens places, so that its rows differ."""
    found = False
    for k in range(block[B_GATES]):
        found = found or par[block[B_GATE_AT] + k * G_COLUMNS + G_CELL_HEIGHT] > 0
    return found


@jit
def cover_row(block, own, t, y, par, streams, dense, cover):
    """Write -1 where the gates let current into row `y`, else 0; return whether they do anywhere."""
    width, channels = own[S_WIDTH], own[S_CHANNELS]
    for i in range(own[S_ROW]):
        cover[i] = -1
    for k in range(block[B_GATES]):
        gate = block[B_GATE_AT] + k * G_COLUMNS
        at, height = _gate_at(gate, t, par, streams), par[gate + G_CELL_HEIGHT]
        if height == 0:
            for x in range(width):
                for c in range(channels):
                    cover[x * channels + c] &= -dense[at + c]
        else:
            at += y // height * streams[par[gate + G_STREAM], S_ROW]
            for x in range(width):
                spike = -dense[at + x // par[gate + G_CELL_WIDTH]]
                for c in range(channels):
                    cover[x * channels + c] &= spike
    seen = 0
    for i in range(width * channels):
        seen |= cover[i]
    return seen != 0


@jit
def shade_row(bias, bias_at, cover, row, shade):
    """Write the bias of open neurons, and 0 for the others."""
    for i in range(row):
        shade[i] = bias[bias_at + i] & cover[i]


@jit
def words_of(channels, plan):
    """Return where in `plan` the bits of open channels lie: at its end."""
    return plan.size - (channels + WORD - 1) // WORD


@jit
def slim_at(channels, plan):
    """Return where in `plan` the row of a branch with narrowed weights lies: before the bits."""
    return words_of(channels, plan) - R_COLUMNS


@jit
def _open_channels(block, t, channels, par, streams, dense, plan):
    """Write a bit per channel that the channel gates leave open, 64 to a word; return their number."""
    count, words_at = 0, words_of(channels, plan)
    for first in range(0, channels, WORD):
        word = 0
        for c in range(first, min(first + WORD, channels)):
            bit = 1
            for k in range(block[B_GATES]):
                gate = block[B_GATE_AT] + k * G_COLUMNS
                if par[gate + G_CELL_HEIGHT] == 0:
                    bit &= dense[_gate_at(gate, t, par, streams) + c]
            word |= bit << (c - first)
            count += bit
        plan[words_at + first // WORD] = word
    return count


@jit
def open_block(block, branch, t, channels, streams, weight, par, dense, pixels, narrow, plan):
    """Look at all gates of a block: is anything closed, are places, are weights narrowed, and for how many channels."""
    if block[B_GATES] == 0:
        return False, False, False, channels
    cells, count = _has_cells(block, par), _open_channels(block, t, channels, par, streams, dense, plan)
    slims = _narrow_weights(branch, streams, t, channels, count, weight, pixels, narrow, plan)
    return cells or count < channels, cells, slims, count


@jit
def _pays(branch, stream, t, channels, width, pixels):
    """Say whether narrower sums save more than it costs to narrow the weights: both counted in vectors."""
    slot = (t - branch[R_DELAY]) & (stream[S_RING] - 1)
    at = stream[S_PIXELS] + slot * (stream[S_HEIGHT] * (stream[S_WIDTH] + 16) + SLACK) + stream[S_WIDTH]
    found = 0
    for y in range(stream[S_HEIGHT]):
        found += pixels[at + y * (stream[S_WIDTH] + 16)]
    taps = branch[R_KH] * branch[R_KW]
    summed = found * taps // (branch[R_SH] * branch[R_SW]) * ((branch[R_STRIDE] - width) // 16)
    return summed > NARROWING * (taps * stream[S_CHANNELS] * ((channels + WORD - 1) // WORD))


@jit
def _narrow_weights(branch, streams, t, channels, count, weight, pixels, narrow, plan):
    """Lay the weights of open channels side by side in `narrow`, and write a branch's row that points at them.

    Returns whether that was done: whether it can be, and pays.
    """
    if branch[R_NARROWS] == 0 or count in (0, channels):
        return False
    width = (count + 15) // 16 * 16 if count <= 48 else (count + 31) // 32 * 32
    if not _pays(branch, streams[branch[R_STREAM]], t, channels, width, pixels):
        return False
    inputs, words_at = streams[branch[R_STREAM], S_CHANNELS], words_of(channels, plan)
    own = plan[slim_at(channels, plan) :]
    for k in range(R_COLUMNS):
        own[k] = branch[k]
    own[R_WEIGHT] = 0
    own[R_STRIDE] = width
    # One row more: the zeros with which lists are filled up.
    places = branch[R_KH] * branch[R_KW] * inputs + 1
    where = weight, branch[R_WEIGHT], branch[R_STRIDE], places, plan, words_at, channels, narrow, own[R_STRIDE]
    if branch[R_BYTES] != 0:
        _compress_bytes(*where)
    else:
        _compress_shorts(*where)
    return True


def _make_compress(element: Any) -> Any:
    """Return an intrinsic that moves the weights of open channels together, row by row."""

    @intrinsic
    def compress(typingctx, weight, at, stride, places, plan, words_at, channels, narrow, narrow_stride):
        intp = types.intp
        signature = types.void(weight, intp, intp, intp, plan, intp, intp, narrow, intp)

        def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
            pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 4, 7)}
            lanes = VECTOR_BITS // element.width
            vector, flags, packed = ll.VectorType(element, lanes), ll.VectorType(I1, lanes), ll.IntType(lanes)
            name = f"llvm.experimental.vector.compress.v{lanes}i{element.width}"
            kind = ll.FunctionType(vector, [vector, flags, vector])
            together = cgutils.get_or_insert_function(builder.module, kind, name)
            source = builder.bitcast(builder.gep(pointer[0], [args[1]]), element.as_pointer())
            target = builder.bitcast(pointer[7], element.as_pointer())
            words = builder.bitcast(builder.gep(pointer[4], [args[5]]), packed.as_pointer())

            def row(p: Any, carried: list[Any]) -> list[Any]:
                def chunk(k: Any, to: list[Any]) -> list[Any]:
                    word = builder.load(builder.gep(words, [builder.udiv(k, I64(lanes))]), align=2)
                    mask = builder.bitcast(word, flags)
                    place = builder.add(builder.mul(p, args[2]), k)
                    at = builder.bitcast(builder.gep(source, [place]), vector.as_pointer())
                    value = builder.load(at, align=1)
                    value = builder.call(together, [value, mask, ll.Constant(vector, ll.Undefined)])
                    to_place = builder.bitcast(builder.gep(target, to), vector.as_pointer())
                    builder.store(value, to_place, align=1)
                    found = builder.ctpop(word)
                    return [builder.add(to[0], found if lanes == 64 else builder.zext(found, I64))]

                # Rows are written in order: what a row writes beyond its end, the next one overwrites.
                counted_loop(builder, I64(0), args[6], lanes, [builder.mul(p, args[8])], chunk)
                return []

            counted_loop(builder, I64(0), args[3], 1, [], row)
            return context.get_dummy_value()

        return signature, codegen

    return compress


_compress_bytes, _compress_shorts = _make_compress(I8), _make_compress(I16)


@intrinsic
def expand_row(typingctx, acc, width, channels, count, plan, words_at, out):
    """Spread a row of sums of `count` open channels over all channels, with 0 for the closed ones."""
    intp = types.intp
    signature = types.void(acc, intp, intp, intp, plan, intp, out)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 4, 6)}
        emit = Emitter(builder)
        flags = ll.VectorType(I1, LANES)
        kind = ll.FunctionType(emit.kind, [I32.as_pointer(), flags, emit.kind])
        load = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.expandload.v{LANES}i32")
        words = builder.bitcast(builder.gep(pointer[4], [args[5]]), I16.as_pointer())
        chunks = builder.lshr(builder.add(args[2], I64(LANES - 1)), I64(4))

        def pixel(x: Any, carried: list[Any]) -> list[Any]:
            to = builder.mul(x, args[2])

            def chunk(k: Any, at: list[Any]) -> list[Any]:
                word = builder.load(builder.gep(words, [k]))
                mask = builder.bitcast(word, flags)
                value = builder.call(load, [builder.gep(pointer[0], at), mask, emit.zero])
                # Pixels are written in order: what one writes beyond its last channel, the next one overwrites.
                emit.store(value, pointer[6], builder.add(to, builder.mul(k, I64(LANES))))
                return [builder.add(at[0], builder.zext(builder.ctpop(word), I64))]

            counted_loop(builder, I64(0), chunks, 1, [builder.mul(x, args[3])], chunk)
            return []

        counted_loop(builder, I64(0), args[1], 1, [], pixel)
        return context.get_dummy_value()

    return signature, codegen
