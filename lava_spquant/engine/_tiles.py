"""Convolutions on bits in matrix tiles (Intel AMX), with thresholds behind them.

Where the processor multiplies tiles of bytes, that takes a third of the time of AND and population count: spikes are
spread to bytes of 0 and 1 line by line, weights lie there as bytes of -1 and +1. A tile holds 16 pixels with 64
channels. Pixels are counted through the lines of the padded image, so that tiles are full where images are narrow;
what falls on the border is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir as ll
from numba.core import cgutils, types
from numba.extending import intrinsic

from lava_spquant.engine._cpu import knows_tiles
from lava_spquant.engine._jit import jit
from lava_spquant.engine._llvm import LANES, Emitter, own_function
from lava_spquant.engine._tables import (
    B_FIRST_BRANCH,
    B_LIMITS,
    R_DELAY,
    R_DH,
    R_KH,
    R_KW,
    R_PH,
    R_PW,
    R_STREAM,
    R_STRIDE,
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
from lava_spquant.jit.llvm import I1, I8, I16, I32, I64, counted_loop, data_pointer

__all__ = ["BLOCK", "tiled_rows"]

WORD, TILE = 64, 1024
"""Channels, and so bytes, of a tile's row, and bytes of a tile."""

BLOCK = 32
"""Pixels, and outputs, that are summed at a time: two tiles each, and four of sums."""

_SUMS, _PIXELS, _WEIGHTS = ((0, 1), (2, 3)), (4, 5), (6, 7)
_POINTERS = {"bytes": I8, "weights": I8, "least": I32, "sums": I32, "bits": I8, "flags": I32}
_SIZES = ("count", "pitch", "width", "words", "channels", "lines", "apart", "span", "each", "row", "write_flags")


def _configuration(module: ll.Module) -> Any:
    """Return a pointer to what makes all eight tiles 16 rows of 64 bytes."""
    name = "lava_spquant_tiles"
    found = module.globals.get(name)
    if found is None:
        values = [1] + 15 * [0] + 8 * [WORD, 0] + 16 * [0] + 8 * [16] + 8 * [0]
        found = ll.GlobalVariable(module, ll.ArrayType(I8, 64), name)
        found.linkage, found.global_constant, found.align = "internal", True, 64
        found.initializer = ll.Constant(found.value_type, bytearray(values))
    return found.bitcast(I8.as_pointer())


class _Tiles:
    """Emits the function that writes the spikes of some lines of pixels."""

    def __init__(self, builder: ll.IRBuilder, pointer: dict[str, Any], size: dict[str, Any]) -> None:
        self.builder, self.pointer, self.size = builder, pointer, size
        self.emit = Emitter(builder)
        self.pixel = builder.mul(size["words"], I64(WORD))

    def call(self, name: str, *arguments: Any) -> None:
        kind = ll.FunctionType(ll.VoidType(), [argument.type for argument in arguments])
        callee = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.x86.{name}")
        self.builder.call(callee, arguments)

    def all(self) -> None:
        """Sum and compare `BLOCK` outputs of `BLOCK` pixels at a time; weights, which may be many, are read once."""
        b, size = self.builder, self.size
        self.call("ldtilecfg", _configuration(b.module))

        def outputs(output: Any, nothing: list[Any]) -> list[Any]:
            def block(first: Any, place: list[Any]) -> list[Any]:
                self.sum(first, output)
                left = b.sub(size["count"], first)
                some = b.select(b.icmp_signed("<", left, I64(BLOCK)), left, I64(BLOCK))
                return counted_loop(b, I64(0), some, 1, place, self.spikes(output))

            counted_loop(b, I64(0), size["count"], BLOCK, [I64(0), I64(0)], block)
            return []

        counted_loop(b, I64(0), size["channels"], BLOCK, [], outputs)
        self.call("tilerelease")

    def sum(self, first: Any, output: Any) -> None:
        """Write the sums (BLOCK, BLOCK) of pixels and outputs from the given ones on."""
        b, size = self.builder, self.size
        source = b.gep(self.pointer["bytes"], [b.mul(first, self.pixel)])
        further = b.mul(size["channels"], I64(TILE // LANES))
        for tile in (tile for row in _SUMS for tile in row):
            self.call("tilezero", I8(tile))

        def line(number: Any, carried: list[Any]) -> list[Any]:
            here = b.gep(source, [b.mul(number, size["apart"])])

            def place(k: Any, carried: list[Any]) -> list[Any]:
                self.multiply(b.gep(here, [b.mul(k, I64(WORD))]), carried[0])
                return [b.gep(carried[0], [further])]

            return counted_loop(b, I64(0), size["span"], 1, carried, place)

        weights = b.gep(self.pointer["weights"], [b.mul(output, I64(TILE // LANES))])
        counted_loop(b, I64(0), size["lines"], 1, [weights], line)
        for k, row in enumerate(_SUMS):
            for j, tile in enumerate(row):
                target = b.gep(self.pointer["sums"], [I64(LANES * (BLOCK * k + j))])
                self.call("tilestored64", I8(tile), b.bitcast(target, I8.as_pointer()), I64(4 * BLOCK))

    def multiply(self, pixels: Any, weights: Any) -> None:
        """Add the products of 64 channels of `BLOCK` pixels and `BLOCK` outputs."""
        b = self.builder
        for k in range(2):
            at = b.gep(pixels, [b.mul(self.pixel, I64(LANES * k))])
            self.call("tileloadd64", I8(_PIXELS[k]), at, self.pixel)
            self.call("tileloadd64", I8(_WEIGHTS[k]), b.gep(weights, [I64(TILE * k)]), I64(WORD))
        for row, spikes in zip(_SUMS, _PIXELS, strict=True):
            for tile, weight in zip(row, _WEIGHTS, strict=True):
                self.call("tdpbusd", I8(tile), I8(spikes), I8(weight))

    def spikes(self, output: Any) -> Callable[[Any, list[Any]], list[Any]]:
        """Return what writes the spikes of a pixel of the block, at a place (x, y), and returns the next place."""
        b, emit, size = self.builder, self.emit, self.size
        least = [emit.load(self.pointer["least"], b.add(output, I64(LANES * j))) for j in range(BLOCK // LANES)]

        def pixel(k: Any, place: list[Any]) -> list[Any]:
            x, y = place
            # Pixels on the border stand for nothing.
            with b.if_then(b.icmp_signed("<", x, size["width"])):
                sums = b.gep(self.pointer["sums"], [b.mul(k, I64(BLOCK))])
                at = b.add(b.mul(b.add(b.mul(y, size["width"]), x), size["each"]), b.lshr(output, I64(3)))
                words = b.bitcast(b.gep(self.pointer["bits"], [at]), I16.as_pointer())
                flag = b.add(b.add(b.mul(y, size["row"]), b.mul(x, size["channels"])), output)
                found = [b.icmp_signed(">=", emit.load(sums, I64(LANES * j)), row) for j, row in enumerate(least)]
                for j, flags in enumerate(found):
                    b.store(b.bitcast(flags, I16), b.gep(words, [I64(j)]), align=2)
                with b.if_then(size["write_flags"]):
                    for j, flags in enumerate(found):
                        emit.store(b.zext(flags, emit.kind), self.pointer["flags"], b.add(flag, I64(LANES * j)))
            following = b.add(x, I64(1))
            last = b.icmp_signed("==", following, size["pitch"])
            return [b.select(last, I64(0), following), b.add(y, b.zext(last, I64))]

        return pixel


def _lines(builder: ll.IRBuilder, pointer: dict[str, Any], size: dict[str, Any]) -> None:
    """Write what `_tile_spikes` calls: nothing where the compiler knows no tiles."""
    if knows_tiles():
        size["write_flags"] = builder.trunc(size["write_flags"], I1)
        _Tiles(builder, pointer, size).all()


@intrinsic
def _tile_spikes(
    typingctx, lines, weight, weight_at, bias, limits_at, acc, bits, bits_at, flags, flags_at,
    count, pitch, width, words, channels, kernel, apart, span, each, row, write_flags
):  # fmt: skip
    """Write the spikes of `count` pixels of lines of `pitch`, of which `width` count; places are in elements.

    `span` words of each of `kernel` lines, `apart` bytes, are summed for each pixel, from the beginning of `lines`.
    """
    i = types.intp
    arrays = lines, weight, i, bias, i, acc, bits, i, flags, i
    signature = types.void(*arrays, *(i for _ in _SIZES))

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        def place(k: int, kind: Any, at: Any) -> Any:
            data = builder.gep(data_pointer(context, builder, sig.args[k], args[k]), [at])
            return builder.bitcast(data, kind.as_pointer())

        start = I64(0)
        bits_place = builder.gep(place(6, I8, start), [args[7]])
        places = place(0, I8, start), place(1, I8, args[2]), place(3, I32, args[4]), place(5, I32, start), bits_place
        function = own_function(builder.module, "lava_spquant_tile_spikes", _POINTERS, _SIZES, _lines)
        builder.call(function, [*places, place(8, I32, args[9]), *args[10:]])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _spread(typingctx, packed, at, count, lines, to):
    """Write a byte of 0 or 1 for every bit of `count` words, or zeros where `at` is -1, from word `to` of `lines`."""
    i = types.intp
    signature = types.void(packed, i, i, lines, i)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        source, target = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 3))
        none = builder.icmp_signed("<", args[1], I64(0))
        start = builder.select(none, I64(0), args[1])
        source = builder.gep(builder.bitcast(source, I64.as_pointer()), [start])
        kind = ll.VectorType(I8, WORD)
        target = builder.gep(builder.bitcast(target, kind.as_pointer()), [args[4]])

        def body(k: Any, carried: list[Any]) -> list[Any]:
            word = builder.select(none, I64(0), builder.load(builder.gep(source, [k])))
            flags = builder.bitcast(word, ll.VectorType(I1, WORD))
            builder.store(builder.zext(flags, kind), builder.gep(target, [k]), align=8)
            return []

        counted_loop(builder, I64(0), args[2], 1, [], body)
        return context.get_dummy_value()

    return signature, codegen


@jit
def tiled_rows(b, t, top, bottom, streams, blocks, branches, weight, bias, dense, rows, acc, scratch):
    """Advance rows `top` to `bottom - 1` of block `b`, whose weights lie in tiles, by step `t`."""
    branch, own = branches[blocks[b, B_FIRST_BRANCH]], streams[b + 1]
    stream = streams[branch[R_STREAM]]
    slot, words = (t - branch[R_DELAY]) & (stream[S_RING] - 1), (stream[S_CHANNELS] + WORD - 1) // WORD
    height, length, border = stream[S_HEIGHT], stream[S_WIDTH] * words, branch[R_PW] * words
    line, reach = length + 2 * border, (branch[R_KH] - 1) * branch[R_DH]
    packed_at = (stream[S_PACKED] >> 1) + slot * height * length
    for k in range(bottom - top + reach):
        y, to = top - branch[R_PH] + k, k * line
        inside = 0 <= y < height
        _spread(dense, -1, border, rows, to)
        _spread(dense, packed_at + y * length if inside else -1, length, rows, to + border)
        _spread(dense, -1, border, rows, to + border + length)
    channels, width = branch[R_STRIDE], own[S_WIDTH]
    each, row = 8 * ((channels + WORD - 1) // WORD), (t & (own[S_RING] - 1)) * own[S_HEIGHT] + top
    packed, pitch = own[S_PACKED] >= 0, line // words
    bits, bits_at = (dense, 4 * own[S_PACKED] + row * width * each) if packed else (scratch, 0)
    _tile_spikes(
        rows, weight, branch[R_WEIGHT], bias, blocks[b, B_LIMITS], acc, bits, bits_at,
        dense, own[S_DENSE] + row * own[S_ROW], (bottom - top) * pitch, pitch, width, words, channels, branch[R_KH],
        branch[R_DH] * line * WORD, branch[R_KW] * words, each, own[S_ROW], own[S_WANT_DENSE],
    )  # fmt: skip
