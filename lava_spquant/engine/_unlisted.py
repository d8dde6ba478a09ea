"""Rows of neurons whose events nobody wants listed: values by place, and spikes as bits."""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.engine._neurons import graded_limits, graded_value, scaled, threshold_spikes
from lava_spquant.jit.llvm import I16, I64, counted_loop, data_pointer

__all__ = ["graded_dense_row", "threshold_bits_row"]


@intrinsic
def threshold_bits_row(
    typingctx, acc, gain, gain_at, half, shift, bias, bias_at, par, par_at, bits, bits_at, flags, flags_at,
    write_flags, count
):  # fmt: skip
    """Do what `threshold_row` does, but write sixteen spikes to an int16, from `bits_at` of `bits`, and no list."""
    intp = types.intp
    signature = types.void(
        acc, gain, intp, intp, intp, bias, intp, par, intp, bits, intp, flags, intp, types.boolean, intp
    )

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 1, 5, 7, 9, 11)}
        emit = Emitter(builder)
        vth = emit.splat(builder.load(builder.gep(pointer[7], [args[8]])))
        target = builder.gep(builder.bitcast(pointer[9], I16.as_pointer()), [args[10]])

        def body(i: Any, carried: list[Any]) -> list[Any]:
            drive = scaled(emit, args, pointer, i), emit.load(pointer[5], builder.add(args[6], i))
            spikes, _ = threshold_spikes(emit, [], drive, [vth])
            builder.store(builder.bitcast(spikes, I16), builder.gep(target, [builder.lshr(i, I64(4))]))
            with builder.if_then(args[13]):
                emit.store(builder.zext(spikes, emit.kind), pointer[11], builder.add(args[12], i))
            return []

        counted_loop(builder, I64(0), args[14], LANES, [], body)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def graded_dense_row(
    typingctx, acc, gain, gain_at, half, shift, bias, bias_at, v, state_at, keeps, par, par_at, dense, dense_at, count
):  # fmt: skip
    """Do what `graded_row` does, where nobody wants lists."""
    intp = types.intp
    signature = types.void(
        acc, gain, intp, intp, intp, bias, intp, v, intp, types.boolean, par, intp, dense, intp, intp
    )

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 1, 5, 7, 10, 12)}
        emit = Emitter(builder)
        limits = graded_limits(emit, args, pointer)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            out = graded_value(emit, args, pointer, i, limits)
            emit.store(out, pointer[12], builder.add(args[13], i))
            return []

        counted_loop(builder, I64(0), args[14], LANES, [], body)
        return context.get_dummy_value()

    return signature, codegen
