"""Sixteen and more spikes at a time between values, bits, and lists of places."""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll
from numba.core import cgutils, types
from numba.extending import intrinsic

from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.jit.llvm import I1, I32, I64, counted_loop, data_pointer

__all__ = ["list_bits", "pack_run"]

VECTOR_BITS = 512


def _declared(builder: ll.IRBuilder, name: str, result: Any, *arguments: Any) -> Any:
    return cgutils.get_or_insert_function(builder.module, ll.FunctionType(result, arguments), name)


@intrinsic
def pack_run(typingctx, x, count, words, at):
    """Set the bits of the uint16 `words[at:]` where one of `count` > 0 values is not 0; return all values or-ed.

    The values lie side by side in memory from the first element of `x`; they are int32 or uint8. Nothing
    beyond them is read, but up to four words are written at once.
    """
    signature = types.int64(x, types.intp, words, types.intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        source, target = data_pointer(context, builder, sig.args[0], args[0]), args[3]
        width = sig.args[0].dtype.bitwidth
        lanes = VECTOR_BITS // width
        element, packed = ll.IntType(width), ll.IntType(lanes)
        vector, flags = ll.VectorType(element, lanes), ll.VectorType(I1, lanes)
        zero = ll.Constant(vector, None)
        masked = f"llvm.masked.load.v{lanes}i{width}.p0v{lanes}i{width}"
        load = _declared(builder, masked, vector, vector.as_pointer(), I32, flags, vector)
        words_at = builder.gep(data_pointer(context, builder, sig.args[2], args[2]), [target])

        def body(i: Any, carried: list[Any]) -> list[Any]:
            left = builder.sub(args[1], i)
            most = I64(lanes)
            beyond = builder.select(builder.icmp_signed("<", left, most), builder.sub(most, left), I64(0))
            shift = builder.trunc(beyond, packed) if lanes < 64 else beyond
            inside = builder.bitcast(builder.lshr(packed(-1), shift), flags)
            place = builder.bitcast(builder.gep(source, [i]), vector.as_pointer())
            values = builder.call(load, [place, I32(width // 8), inside, zero])
            bits = builder.bitcast(builder.icmp_unsigned("!=", values, zero), packed)
            word = builder.gep(words_at, [builder.lshr(i, I64(4))])
            builder.store(bits, builder.bitcast(word, packed.as_pointer()), align=2)
            return [builder.or_(carried[0], values)]

        (seen,) = counted_loop(builder, I64(0), args[1], lanes, [zero], body)
        total = builder.call(_declared(builder, f"llvm.vector.reduce.or.v{lanes}i{width}", element, vector), [seen])
        return builder.sext(total, I64) if sig.args[0].dtype.signed else builder.zext(total, I64)

    return signature, codegen


@intrinsic
def list_bits(typingctx, words, at, events, events_at, masks, counts, flags, flags_at, write_flags, count):
    """List the places of the bits set among the first `count`, a multiple of 16; return their number.

    Keeps mask and count of every sixteen, and writes 0 or 1 by place where `write_flags`, as a row of neurons does.
    """
    intp = types.intp
    signature = intp(words, intp, events, intp, masks, counts, flags, intp, types.boolean, intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 2, 4, 5, 6)}
        emit = Emitter(builder)
        words_at = builder.gep(pointer[0], [args[1]])
        events_at = builder.gep(pointer[2], [args[3]])

        def body(i: Any, carried: list[Any]) -> list[Any]:
            chunk = builder.lshr(i, I64(4))
            word = builder.load(builder.gep(words_at, [chunk]))
            bits = builder.bitcast(word, ll.VectorType(I1, LANES))
            places = builder.add(emit.iota, emit.splat(i))
            emit.store(emit.compress(places, bits), events_at, carried[0])
            builder.store(builder.zext(word, I32), builder.gep(pointer[4], [chunk]))
            builder.store(builder.trunc(carried[0], I32), builder.gep(pointer[5], [chunk]))
            with builder.if_then(args[8]):
                emit.store(builder.zext(bits, emit.kind), pointer[6], builder.add(args[7], i))
            return [builder.add(carried[0], builder.zext(builder.ctpop(word), I64))]

        (found,) = counted_loop(builder, I64(0), args[9], LANES, [I64(0)], body)
        return found

    return signature, codegen
