"""What intrinsics in LLVM share: types, the memory of arrays, and loops that keep values in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir as ll

__all__ = ["F32", "I1", "I8", "I16", "I32", "I64", "counted_loop", "data_pointer"]

I1, I8, I16, I32, I64 = ll.IntType(1), ll.IntType(8), ll.IntType(16), ll.IntType(32), ll.IntType(64)
F32 = ll.FloatType()


def data_pointer(context: Any, builder: ll.IRBuilder, kind: Any, value: Any) -> Any:
    """Return the data pointer of a NumPy array argument."""
    return context.make_array(kind)(context, builder, value).data


def counted_loop(
    builder: ll.IRBuilder,
    start: Any,
    stop: Any,
    step: int,
    carried: Sequence[Any],
    body: Callable[[Any, list[Any]], list[Any]],
) -> list[Any]:
    """Emit `for i in range(start, stop, step)` with values carried in registers; return their last values.

    Parameters
    ----------
    builder : IRBuilder
    start, stop : LLVM i64
    step : int
    carried : sequence of LLVM values
        Their values before the loop.
    body : callable
        Maps (index, carried values) to the next carried values.
    """
    before = builder.block
    loop, done = builder.append_basic_block("loop"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", start, stop), loop, done)
    builder.position_at_end(loop)
    index = builder.phi(I64)
    index.add_incoming(start, before)
    phis = [builder.phi(value.type) for value in carried]
    for phi, value in zip(phis, carried, strict=True):
        phi.add_incoming(value, before)
    nexts = body(index, phis)
    following = builder.add(index, I64(step))
    tail = builder.block
    index.add_incoming(following, tail)
    for phi, value in zip(phis, nexts, strict=True):
        phi.add_incoming(value, tail)
    builder.cbranch(builder.icmp_signed("<", following, stop), loop, done)
    builder.position_at_end(done)
    results = []
    for value, following_value in zip(carried, nexts, strict=True):
        result = builder.phi(value.type)
        result.add_incoming(value, before)
        result.add_incoming(following_value, tail)
        results.append(result)
    return results
