"""One row of neurons advanced by one step, sixteen at a time, with its spikes written as a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.jit.llvm import I32, I64, counted_loop, data_pointer

__all__ = [
    "add_row",
    "copy_row",
    "cuba_memoryless_row",
    "cuba_row",
    "graded_limits",
    "graded_row",
    "graded_value",
    "qlif_row",
    "rescale_row",
    "scaled",
    "threshold_row",
    "threshold_spikes",
]


@intrinsic
def rescale_row(typingctx, acc, gain, gain_at, half, shift, current, count, add):
    """Do `current (+)= (acc * gain + half) >> shift` over `count` neurons, a multiple of 16."""
    signature = types.void(acc, gain, types.intp, types.intp, types.intp, current, types.intp, types.boolean)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        accs, gains, currents = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 1, 5))
        emit = Emitter(builder)
        half, shift = emit.splat(args[3]), emit.splat(args[4])
        # All ones where the current is added to, all zeros where it is set.
        mask = builder.sub(emit.zero, emit.splat(builder.zext(args[7], I64)))

        def body(i: Any, carried: list[Any]) -> list[Any]:
            product = builder.mul(emit.load(accs, i), emit.load(gains, builder.add(args[2], i)))
            scaled = builder.ashr(builder.add(product, half), shift)
            before = builder.and_(emit.load(currents, i), mask)
            emit.store(builder.add(before, scaled), currents, i)
            return []

        counted_loop(builder, I64(0), args[6], LANES, [], body)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def copy_row(typingctx, source, at, target, count):
    """Do `target[:count] = source[at : at + count]`; `count` is a multiple of 16."""
    signature = types.void(source, types.intp, target, types.intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        read, write = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 2))
        emit = Emitter(builder)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            emit.store(emit.load(read, builder.add(args[1], i)), write, i)
            return []

        counted_loop(builder, I64(0), args[3], LANES, [], body)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def add_row(typingctx, source, at, target, to, count):
    """Do `target[to : to + count] += source[at : at + count]`; `count` is a multiple of 16."""
    signature = types.void(source, types.intp, target, types.intp, types.intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        read, write = (data_pointer(context, builder, sig.args[k], args[k]) for k in (0, 2))
        emit = Emitter(builder)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            place = builder.add(args[3], i)
            emit.store(builder.add(emit.load(read, builder.add(args[1], i)), emit.load(write, place)), write, place)
            return []

        counted_loop(builder, I64(0), args[4], LANES, [], body)
        return context.get_dummy_value()

    return signature, codegen


def _emit_spikes(emit: Emitter, spikes: Any, i: Any, found: Any, pointers: dict[str, Any]) -> Any:
    """Append the spiking neurons' places in the row to the list; keep mask and count of every sixteen."""
    builder = emit.builder
    places = builder.add(emit.iota, emit.splat(i))
    emit.store(emit.compress(places, spikes), pointers["events"], builder.add(pointers["events_at"], found))
    bits = emit.bits(spikes)
    chunk = builder.lshr(i, I64(4))
    builder.store(builder.trunc(bits, I32), builder.gep(pointers["masks"], [chunk]))
    builder.store(builder.trunc(found, I32), builder.gep(pointers["counts"], [chunk]))
    return builder.add(found, builder.ctpop(bits))


def scaled(emit: Emitter, args: Any, pointers: dict[int, Any], i: Any) -> Any:
    """Return `(acc * gain + half) >> shift` for sixteen neurons; the first five arguments of a row."""
    b = emit.builder
    product = b.mul(emit.load(pointers[0], i), emit.load(pointers[1], b.add(args[2], i)))
    return b.ashr(b.add(product, emit.splat(args[3])), emit.splat(args[4]))


def _emit_row(
    context: Any,
    builder: ll.IRBuilder,
    sig: Any,
    args: Any,
    read: tuple[int, ...],
    params: int,
    step: Callable[..., Any],
) -> Any:
    """Emit the loop of `_row_intrinsic`; return the number of spikes."""
    arrays_in = (0, 1, 5, 7, 8, 10, 12, 14, 15, 16)
    pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in arrays_in}
    emit = Emitter(builder)
    values = [
        emit.splat(builder.load(builder.gep(pointer[10], [builder.add(args[11], I64(k))]))) for k in range(params)
    ]
    lists = {"events": pointer[12], "events_at": args[13], "masks": pointer[14], "counts": pointer[15]}

    def body(i: Any, carried: list[Any]) -> list[Any]:
        at = builder.add(args[9], i)
        arrays = [pointer[7], pointer[8]]
        old = [emit.load(p, at) if k in read else None for k, p in enumerate(arrays)]
        drive = scaled(emit, args, pointer, i), emit.load(pointer[5], builder.add(args[6], i))
        spikes, new = step(emit, old, drive, values)
        for k in read:
            emit.store(new[k], arrays[k], at)
        with builder.if_then(args[18]):
            emit.store(builder.zext(spikes, emit.kind), pointer[16], builder.add(args[17], i))
        return [_emit_spikes(emit, spikes, i, carried[0], lists)]

    (found,) = counted_loop(builder, I64(0), args[19], LANES, [I64(0)], body)
    return found


def _row_intrinsic(params: int, step: Callable[..., tuple[Any, list[Any]]], read: tuple[int, ...]) -> Any:
    """Return an intrinsic that runs `step` over a row.

    Its arguments: acc, gain, gain_at, half, shift (see `scaled`), bias, bias_at, the states u and v with one
    common offset (those whose numbers are in `read` are kept), `params` int64 values in an array at an offset,
    events, events_at, masks, counts, flags, flags_at, write_flags, count. It returns the number of spikes.
    """

    @intrinsic
    def row(
        typingctx, acc, gain, gain_at, half, shift, bias, bias_at, u, v, state_at, par, par_at,
        events, events_at, masks, counts, flags, flags_at, write_flags, count
    ):  # fmt: skip
        intp = types.intp
        signature = intp(
            acc, gain, intp, intp, intp, bias, intp, u, v, intp, par, intp, events, intp, masks, counts,
            flags, intp, types.boolean, intp
        )  # fmt: skip

        def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
            return _emit_row(context, builder, sig, args, read, params, step)

        return signature, codegen

    return row


def _qlif(emit: Emitter, old: list[Any], drive: tuple[Any, Any], p: list[Any]) -> tuple[Any, list[Any]]:
    """`ir.qlif_step`; p = keep, vth, -1 where soft, half, k, q_min, q_max, quantise (0 or -1)."""
    b = emit.builder
    keep, vth, soft, half, exponent, low, high, quantised = p
    m = b.add(b.add(emit.decay(old[1], keep), drive[0]), drive[1])
    m = emit.clip(m, emit.constant(-STATE_MAX), emit.constant(STATE_MAX))
    spikes = emit.greater(m, vth)
    after = emit.select(spikes, b.and_(b.sub(m, vth), soft), m)
    level = emit.clip(b.ashr(b.add(after, half), exponent), low, high)
    stepped = b.shl(level, exponent)
    return spikes, [None, b.or_(b.and_(stepped, quantised), b.and_(after, b.not_(quantised)))]


def _cuba(emit: Emitter, old: list[Any], drive: tuple[Any, Any], p: list[Any]) -> tuple[Any, list[Any]]:
    """`ir.cuba_step`; p = keep of u, keep of v, vth. Without an old `u` the current has no memory."""
    b = emit.builder
    limit, span = emit.constant(STATE_MAX + 1), emit.constant(2 * (STATE_MAX + 1))
    lowest = emit.constant(-STATE_MAX)
    u = drive[0] if old[0] is None else b.add(emit.decay(old[0], p[0]), drive[0])
    u = emit.select(emit.greater(u, limit), b.sub(u, span), emit.select(emit.greater(lowest, u), b.add(u, span), u))
    m = b.add(b.add(emit.decay(old[1], p[1]), u), drive[1])
    m = emit.clip(m, lowest, emit.constant(STATE_MAX))
    spikes = emit.greater(m, p[2])
    return spikes, [u, emit.select(spikes, emit.zero, m)]


def threshold_spikes(emit: Emitter, old: list[Any], drive: tuple[Any, Any], p: list[Any]) -> tuple[Any, list[Any]]:
    """`ir.threshold_step`; p = vth."""
    return emit.greater(emit.builder.add(*drive), p[0]), []


qlif_row = _row_intrinsic(8, _qlif, read=(1,))
cuba_row = _row_intrinsic(3, _cuba, read=(0, 1))
cuba_memoryless_row = _row_intrinsic(3, _cuba, read=(1,))
threshold_row = _row_intrinsic(1, threshold_spikes, read=())


def graded_limits(emit: Emitter, args: Any, pointers: dict[int, Any]) -> tuple[Any, Any]:
    """Return the range of what a graded neuron sends; the first twelve arguments of a row."""
    b = emit.builder
    low, high = (emit.splat(b.load(b.gep(pointers[10], [b.add(args[11], I64(k))]))) for k in range(2))
    return low, high


def graded_value(emit: Emitter, args: Any, pointers: dict[int, Any], i: Any, limits: tuple[Any, Any]) -> Any:
    """Return what sixteen graded neurons send, and keep it where they do; likewise."""
    b = emit.builder
    at = b.add(args[8], i)
    total = b.add(scaled(emit, args, pointers, i), emit.load(pointers[5], b.add(args[6], i)))
    # What a neuron that keeps nothing loads here is some memory, and is not used.
    kept = b.add(emit.load(pointers[7], at), total)
    out = emit.clip(b.select(args[9], kept, total), *limits)
    with b.if_then(args[9]):
        emit.store(out, pointers[7], at)
    return out


@intrinsic
def graded_row(
    typingctx, acc, gain, gain_at, half, shift, bias, bias_at, v, state_at, keeps, par, par_at, events, events_at,
    values, values_at, masks, counts, dense, dense_at, count
):  # fmt: skip
    """Run a read-out (keeps state), a relay or a clip (do not); list values other than 0 with their places.

    The two values of `par` are the range of what is sent.
    """
    intp = types.intp
    signature = intp(
        acc, gain, intp, intp, intp, bias, intp, v, intp, types.boolean, par, intp, events, intp, values, intp,
        masks, counts, dense, intp, intp
    )  # fmt: skip

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        read = (0, 1, 5, 7, 10, 12, 14, 16, 17, 18)
        pointer = {k: data_pointer(context, builder, sig.args[k], args[k]) for k in read}
        emit = Emitter(builder)
        lists = {"events": pointer[12], "events_at": args[13], "masks": pointer[16], "counts": pointer[17]}
        limits = graded_limits(emit, args, pointer)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            out = graded_value(emit, args, pointer, i, limits)
            emit.store(out, pointer[18], builder.add(args[19], i))
            nonzero = builder.icmp_signed("!=", out, emit.zero)
            place = builder.add(args[15], carried[0])
            emit.store(emit.compress(out, nonzero), pointer[14], place)
            return [_emit_spikes(emit, nonzero, i, carried[0], lists)]

        (found,) = counted_loop(builder, I64(0), args[20], LANES, [I64(0)], body)
        return found

    return signature, codegen
