"""Loads and stores by place, without Numba's look at whether an index counts from the end, and of other widths."""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.jit.llvm import I8, I32, I64, data_pointer

__all__ = ["count_bits", "load_bytes", "load_int", "load_word", "store_byte", "store_int", "store_word"]


@intrinsic
def load_int(typingctx, array, index):
    """Return the int32 `array[index]`, without Numba's look at whether the index counts from the end."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        value = builder.load(builder.gep(data_pointer(context, builder, sig.args[0], args[0]), [args[1]]))
        return builder.sext(value, I64)

    return types.int64(array, types.intp), codegen


@intrinsic
def store_int(typingctx, array, index, value):
    """Write the int32 `array[index] = value`, likewise."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        place = builder.gep(data_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        builder.store(builder.trunc(args[2], I32), place)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


@intrinsic
def load_word(typingctx, array, index):
    """Return int64 `array[index]` of memory that holds int64, whatever the array's type."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        words = builder.bitcast(data_pointer(context, builder, sig.args[0], args[0]), I64.as_pointer())
        return builder.load(builder.gep(words, [args[1]]))

    return types.int64(array, types.intp), codegen


@intrinsic
def store_word(typingctx, array, index, value):
    """Write int64 `array[index] = value`, likewise."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        words = builder.bitcast(data_pointer(context, builder, sig.args[0], args[0]), I64.as_pointer())
        builder.store(args[2], builder.gep(words, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


@intrinsic
def load_bytes(typingctx, array, index):
    """Return the eight bytes from byte `index` of memory, whatever the array's type."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        memory = builder.bitcast(data_pointer(context, builder, sig.args[0], args[0]), I8.as_pointer())
        place = builder.bitcast(builder.gep(memory, [args[1]]), I64.as_pointer())
        return builder.load(place, align=1)

    return types.int64(array, types.intp), codegen


@intrinsic
def store_byte(typingctx, array, index, value):
    """Write the low byte of `value` as byte `index` of memory, whatever the array's type."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        memory = builder.bitcast(data_pointer(context, builder, sig.args[0], args[0]), I8.as_pointer())
        builder.store(builder.trunc(args[2], I8), builder.gep(memory, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), codegen


@intrinsic
def count_bits(typingctx, word):
    """Return the number of bits set in an int64."""

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.int64), codegen
