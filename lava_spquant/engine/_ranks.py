"""How many events of a row come before each of its pixels: what lets a kernel find its part of the list."""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.jit.llvm import I32, I64, counted_loop, data_pointer

__all__ = ["rank_row", "thin_rank_1", "thin_rank_2", "thin_rank_3", "thin_rank_4"]


@intrinsic
def rank_row(typingctx, masks, counts, channels, pixels, at, width):
    """`pixels[at + x] =` number of events before pixel x, for x in 0..width-1."""
    intp = types.intp
    signature = types.void(masks, counts, intp, pixels, intp, intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 1, 3)}

        def body(x: Any, carried: list[Any]) -> list[Any]:
            place = carried[0]
            chunk = builder.lshr(place, I64(4))
            below = builder.shl(I32(1), builder.trunc(builder.and_(place, I64(15)), I32))
            mask = builder.load(builder.gep(pointer[0], [chunk]))
            before = builder.ctpop(builder.and_(mask, builder.sub(below, I32(1))))
            rank = builder.add(builder.load(builder.gep(pointer[1], [chunk])), before)
            builder.store(rank, builder.gep(pointer[3], [builder.add(args[4], x)]))
            return [builder.add(place, args[2])]

        counted_loop(builder, I64(0), args[5], 1, [I64(0)], body)
        return context.get_dummy_value()

    return signature, codegen


def _make_thin_rank(channels: int) -> Any:
    """Return `rank_row` for so few channels that sixteen pixels' spikes fit one 64-bit word."""

    @intrinsic
    def rank(typingctx, masks, counts, pixels, at, width):
        """Do as `rank_row`, sixteen pixels at a time; writes up to 15 values beyond the row."""
        intp = types.intp
        signature = types.void(masks, counts, pixels, intp, intp)

        def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
            pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 1, 2)}
            words, narrow = ll.VectorType(I64, LANES), ll.VectorType(I32, LANES)
            below = ll.Constant(words, [I64((1 << channels * k) - 1) for k in range(LANES)])
            emit = Emitter(builder)

            def body(x: Any, carried: list[Any]) -> list[Any]:
                chunk = builder.lshr(builder.mul(x, I64(channels)), I64(4))
                word = I64(0)
                for k in range(channels):
                    mask = builder.load(builder.gep(pointer[0], [builder.add(chunk, I64(k))]))
                    word = builder.or_(word, builder.shl(builder.zext(mask, I64), I64(16 * k)))
                undefined = ll.Constant(words, ll.Undefined)
                first = builder.insert_element(undefined, word, I32(0))
                spread = builder.shuffle_vector(first, undefined, ll.Constant(narrow, None))
                ranks = builder.trunc(emit.popcount64(builder.and_(spread, below)), narrow)
                before = emit.splat(builder.load(builder.gep(pointer[1], [chunk])))
                emit.store(builder.add(ranks, before), pointer[2], builder.add(args[3], x))
                return []

            counted_loop(builder, I64(0), args[4], LANES, [], body)
            return context.get_dummy_value()

        return signature, codegen

    return rank


thin_rank_1, thin_rank_2, thin_rank_3, thin_rank_4 = (_make_thin_rank(k) for k in (1, 2, 3, 4))
