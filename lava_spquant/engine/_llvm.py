"""Sixteen-lane integer vectors in LLVM, for the loops that a plain Python loop compiles badly.

Numba widens every int32 product to 64 bits and keeps accumulator arrays in memory. The intrinsics of
this package say instead, in LLVM's portable vector language, which values stay in registers. LLVM
lowers them to AVX-512, AVX2 or anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir as ll
from numba.core import cgutils

from lava_spquant.jit.llvm import I1, I32, I64

__all__ = ["LANES", "Emitter", "own_function"]

LANES = 16
"""int32 values in one vector; rows of neurons are padded to a multiple of it."""


class Emitter:
    """Arithmetic on vectors of `LANES` int32 values."""

    def __init__(self, builder: ll.IRBuilder, lanes: int = LANES) -> None:
        self.builder, self.lanes = builder, lanes
        self.kind = ll.VectorType(I32, lanes)
        self.zero = ll.Constant(self.kind, None)

    def splat(self, value: Any) -> Any:
        """Return a vector with the scalar i32 or i64 `value` in every lane."""
        scalar = self.builder.trunc(value, I32) if value.type == I64 else value
        undefined = ll.Constant(self.kind, ll.Undefined)
        first = self.builder.insert_element(undefined, scalar, I32(0))
        return self.builder.shuffle_vector(first, undefined, ll.Constant(ll.VectorType(I32, self.lanes), None))

    def constant(self, value: int) -> Any:
        """Return a vector of a Python int."""
        return ll.Constant(self.kind, [I32(value)] * self.lanes)

    @property
    def iota(self) -> Any:
        """The vector 0, 1, 2, ..."""
        return ll.Constant(self.kind, [I32(k) for k in range(self.lanes)])

    def load(self, pointer: Any, index: Any, element: Any = I32) -> Any:
        """Load `lanes` values from an unaligned place, sign-extended to int32."""
        vector = ll.VectorType(element, self.lanes)
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), vector.as_pointer())
        value = self.builder.load(place, align=element.width // 8)
        return value if element == I32 else self.builder.sext(value, self.kind)

    def splat64(self, value: Any) -> Any:
        """Return a vector with the i64 `value` in every lane."""
        kind = ll.VectorType(I64, self.lanes)
        undefined = ll.Constant(kind, ll.Undefined)
        first = self.builder.insert_element(undefined, value, I32(0))
        return self.builder.shuffle_vector(first, undefined, ll.Constant(ll.VectorType(I32, self.lanes), None))

    def load64(self, pointer: Any, index: Any) -> Any:
        """Load `lanes` i64 values from an unaligned place."""
        vector = ll.VectorType(I64, self.lanes).as_pointer()
        return self.builder.load(self.builder.bitcast(self.builder.gep(pointer, [index]), vector), align=8)

    def store(self, value: Any, pointer: Any, index: Any) -> None:
        """Store to an unaligned place."""
        place = self.builder.bitcast(self.builder.gep(pointer, [index]), value.type.as_pointer())
        self.builder.store(value, place, align=4)

    def select(self, mask: Any, then: Any, otherwise: Any) -> Any:
        """Choose lane by lane."""
        return self.builder.select(mask, then, otherwise)

    def greater(self, a: Any, b: Any) -> Any:
        """Return the mask a > b."""
        return self.builder.icmp_signed(">", a, b)

    def clip(self, x: Any, low: Any, high: Any) -> Any:
        """Return min(max(x, low), high)."""
        x = self.select(self.greater(low, x), low, x)
        return self.select(self.greater(x, high), high, x)

    def decay(self, x: Any, keep: Any) -> Any:
        """Return `x * keep / 4096` rounded toward zero, for |x| < 2**24 and 0 <= keep <= 4096.

        x is split at bit 12, so that nothing leaves 32 bits: with `x = high * 4096 + low`, `low >= 0`, it is
        `high * keep + (low * keep >> 12)` rounded down; 4095 more before the shift rounds up where x < 0.
        """
        b = self.builder
        upwards = b.and_(b.ashr(x, self.constant(31)), self.constant(4095))
        high = b.mul(b.ashr(x, self.constant(12)), keep)
        low = b.mul(b.and_(x, self.constant(4095)), keep)
        return b.add(high, b.ashr(b.add(low, upwards), self.constant(12)))

    def compress(self, value: Any, mask: Any) -> Any:
        """Return the lanes of `value` that `mask` selects, moved to the front."""
        masks = ll.VectorType(I1, self.lanes)
        function = ll.FunctionType(self.kind, [self.kind, masks, self.kind])
        name = f"llvm.experimental.vector.compress.v{self.lanes}i32"
        callee = cgutils.get_or_insert_function(self.builder.module, function, name)
        return self.builder.call(callee, [value, mask, ll.Constant(self.kind, ll.Undefined)])

    def bits(self, mask: Any) -> Any:
        """Return the mask as an i64."""
        return self.builder.zext(self.builder.bitcast(mask, ll.IntType(self.lanes)), I64)

    def popcount64(self, x: Any) -> Any:
        """Return the number of bits set in every i64 lane of `x`."""
        function = ll.FunctionType(x.type, [x.type])
        name = f"llvm.ctpop.v{self.lanes}i64"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, function, name), [x])


def own_function(
    module: ll.Module,
    name: str,
    pointers: dict[str, Any],
    sizes: Sequence[str],
    body: Callable[[ll.IRBuilder, dict[str, Any], dict[str, Any]], None],
) -> ll.Function:
    """Return a function that is not inlined, written once per module: inlined, its loops share registers with all else.

    Parameters
    ----------
    module : llvmlite.ir.Module
    name : str
    pointers : dict of str to LLVM type
        Names of its first arguments, and what they point at.
    sizes : sequence of str
        Names of the others, i64.
    body : callable
        Writes it, given a builder and the arguments by name.
    """
    kinds = [*(kind.as_pointer() for kind in pointers.values()), *(I64 for _ in sizes)]
    function = cgutils.get_or_insert_function(module, ll.FunctionType(ll.VoidType(), kinds), name)
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ll.IRBuilder(function.append_basic_block())
        first, others = function.args[: len(pointers)], function.args[len(pointers) :]
        body(builder, dict(zip(pointers, first, strict=True)), dict(zip(sizes, others, strict=True)))
        builder.ret_void()
    return function
