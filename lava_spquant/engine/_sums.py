"""One output row of a convolution, with the running sums kept in vector registers.

For every output pixel the event lists under the kernel are laid end to end as places of weight rows;
then those rows are summed. A dense synapse is the convolution whose kernel is the whole source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir as ll
from numba.core import types
from numba.extending import intrinsic

from lava_spquant.engine import _tables as t
from lava_spquant.engine._llvm import LANES, Emitter
from lava_spquant.jit.llvm import I8, I16, I64, counted_loop, data_pointer

__all__ = [
    "byte_row_16",
    "byte_row_32",
    "byte_row_48",
    "byte_row_64",
    "byte_row_128",
    "conv_row_16",
    "conv_row_32",
    "conv_row_48",
    "conv_row_64",
    "graded_row_16",
    "graded_row_32",
    "wide_row_16",
    "wide_row_32",
]

UNROLL = 4
"""Weight rows summed per turn; lists are filled up with places of a row of zeros."""


@dataclass(frozen=True)
class _Form:
    """How one kind of row is summed.

    Parameters
    ----------
    pieces : tuple of int
        Lanes of the vectors that are summed side by side, as many chunks of them as a weight row holds.
    rest : tuple of int
        The same for what chunks leave of a weight row; with it a chunk has to be a power of two.
    graded : bool
        Multiply rows by the events' values.
    wide : bool
        Sum in int32; else in int16, which the weights' absolute sums must have proven safe.
    stored : LLVM type
        i16, or i8: half as much to fetch, which is what sums of wide rows wait for.
    """

    pieces: tuple[int, ...]
    rest: tuple[int, ...] = ()
    graded: bool = False
    wide: bool = False
    stored: Any = I16


class _Row:
    """What emitting one row needs: pointers, fields of the tables, and the loops over them.

    Every field is loaded once, before the loop over pixels: LLVM may not move loads across the stores in it.
    """

    def __init__(self, context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> None:
        names = ("branch", "stream", "weight", "events", "values", "pixels", "rows", "factors", "acc", "plan")
        self.builder = builder
        self.pointer = {
            name: data_pointer(context, builder, kind, value)
            for name, kind, value in zip(names, sig.args, args, strict=False)
        }
        self.y, self.width, self.channels, self.events_at, self.pixels_at = args[10:15]
        self.emit = Emitter(builder)
        self.kw, self.span = self.branch(t.R_KW), self.stream(t.S_WIDTH)
        self.inputs = self.stream(t.S_CHANNELS)
        self.stride, self.base = self.branch(t.R_STRIDE), self.branch(t.R_WEIGHT)
        self.step, self.padding = self.branch(t.R_SW), self.branch(t.R_PW)
        self.kernel_rows = self.plan()

    def branch(self, column: int) -> Any:
        return self.builder.load(self.builder.gep(self.pointer["branch"], [I64(column)]))

    def stream(self, column: int) -> Any:
        return self.builder.load(self.builder.gep(self.pointer["stream"], [I64(column)]))

    def planned(self, k: Any, column: int) -> Any:
        return self.builder.gep(self.pointer["plan"], [self.builder.add(self.builder.mul(k, I64(3)), I64(column))])

    def clamp(self, x: Any, low: Any, high: Any) -> Any:
        b = self.builder
        x = b.select(b.icmp_signed("<", x, low), low, x)
        return b.select(b.icmp_signed(">", x, high), high, x)

    def pixel(self, at: Any) -> Any:
        return self.builder.sext(self.builder.load(self.builder.gep(self.pointer["pixels"], [at])), I64)

    def plan(self) -> Any:
        """Write, for every kernel row that meets the source: pixel pointers, events, first weight row."""
        b = self.builder
        height, dilation = self.stream(t.S_HEIGHT), self.branch(t.R_DH)
        top = b.sub(b.mul(self.y, self.branch(t.R_SH)), self.branch(t.R_PH))
        event_row = b.add(self.stream(t.S_ROW), I64(LANES))

        def body(ky: Any, carried: list[Any]) -> list[Any]:
            iy = b.add(top, b.mul(ky, dilation))
            inside = b.and_(b.icmp_signed(">=", iy, I64(0)), b.icmp_signed("<", iy, height))
            b.store(b.add(self.pixels_at, b.mul(iy, b.add(self.span, I64(LANES)))), self.planned(carried[0], 0))
            b.store(b.add(self.events_at, b.mul(iy, event_row)), self.planned(carried[0], 1))
            b.store(b.mul(b.mul(ky, self.kw), self.inputs), self.planned(carried[0], 2))
            return [b.add(carried[0], b.zext(inside, I64))]

        return counted_loop(b, I64(0), self.branch(t.R_KH), 1, [I64(0)], body)[0]

    def gather(self, left: Any, graded: bool) -> Any:
        """Lay the lists under the kernel end to end; return their number."""
        b = self.builder
        first = self.clamp(left, I64(0), self.span)
        last = self.clamp(b.add(left, self.kw), first, self.span)
        skipped = b.mul(left, self.inputs)

        def body(k: Any, carried: list[Any]) -> list[Any]:
            here = b.load(self.planned(k, 0))
            start = self.pixel(b.add(here, first))
            number = b.sub(self.pixel(b.add(here, last)), start)
            source = b.add(b.load(self.planned(k, 1)), start)
            self.copy("events", "rows", source, carried[0], number, b.sub(b.load(self.planned(k, 2)), skipped))
            if graded:
                self.copy("values", "factors", source, carried[0], number, None)
            return [b.add(carried[0], number)]

        return counted_loop(b, I64(0), self.kernel_rows, 1, [I64(0)], body)[0]

    def copy(self, source: str, target: str, start: Any, at: Any, number: Any, shift: Any) -> None:
        """Copy at least sixteen values, whether or not so many are meant: most lists are shorter.

        Places become offsets into the weights: `(place + shift) * stride`; values stay as they are.
        """
        b, emit = self.builder, self.emit
        scale = None if shift is None else emit.splat(self.stride)
        added = None if shift is None else emit.splat(shift)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            value = emit.load(self.pointer[source], b.add(start, i))
            if added is not None:
                value = b.mul(b.add(value, added), scale)
            emit.store(value, self.pointer[target], b.add(at, i))
            return []

        counted_loop(b, I64(0), self.at_least_one(number), LANES, [], body)

    def at_least_one(self, number: Any) -> Any:
        """Return `max(number, 1)`: a loop that always runs once is one branch less to mispredict."""
        b = self.builder
        return b.select(b.icmp_signed("<", number, I64(1)), I64(1), number)

    def sum(self, count: Any, x: Any, form: _Form) -> None:
        """Sum `count` weight rows into the accumulators of pixel `x`: chunks of vectors side by side, then the rest."""
        b = self.builder
        chunk, rest = sum(form.pieces), sum(form.rest)
        whole = b.and_(self.stride, I64(-chunk)) if rest else self.stride
        counted_loop(b, I64(0), whole, chunk, [], self._chunk(count, x, form.pieces, form))
        if rest:
            counted_loop(b, whole, self.stride, rest, [], self._chunk(count, x, form.rest, form))

    def _chunk(self, count: Any, x: Any, pieces: tuple[int, ...], form: _Form) -> Callable[[Any, list[Any]], list[Any]]:
        """Return what sums the channels from `k` on, as many as `pieces` have lanes."""
        b = self.builder
        emits = [Emitter(b, lanes) for lanes in pieces]
        kinds = [emit.kind if form.wide else ll.VectorType(I16, emit.lanes) for emit in emits]
        starts = [sum(pieces[:k]) for k in range(len(pieces))]
        out = b.mul(x, self.channels)

        def chunk(k: Any, carried: list[Any]) -> list[Any]:
            def body(i: Any, sums: list[Any]) -> list[Any]:
                # Rows are added in pairs first, so that the running sums are one addition deep per turn.
                rows = [self._row(b.add(i, I64(step)), k, emits, kinds, form) for step in range(UNROLL)]
                while len(rows) > 1:
                    rows = [
                        [b.add(x, y) for x, y in zip(*pair, strict=True)]
                        for pair in zip(rows[::2], rows[1::2], strict=True)
                    ]
                return [b.add(total, value) for total, value in zip(sums, rows[0], strict=True)]

            zeros = [ll.Constant(kind, None) for kind in kinds]
            totals = counted_loop(b, I64(0), self.at_least_one(count), UNROLL, zeros, body)
            for emit, start, total in zip(emits, starts, totals, strict=True):
                value = total if form.wide else b.sext(total, emit.kind)
                emit.store(value, self.pointer["acc"], b.add(b.add(out, k), I64(start)))
            return []

        return chunk

    def _row(self, at: Any, k: Any, emits: list[Emitter], kinds: list[Any], form: _Form) -> list[Any]:
        """Load channels `k` and on of the weight row that list entry `at` names, times the event's value if graded."""
        b, stored = self.builder, form.stored
        weights = b.bitcast(b.gep(self.pointer["weight"], [self.base]), stored.as_pointer())
        offset = b.sext(b.load(b.gep(self.pointer["rows"], [at])), I64)
        first, values = b.gep(weights, [b.add(k, offset)]), []
        for emit, kind in zip(emits, kinds, strict=True):
            vector = ll.VectorType(stored, emit.lanes)
            value = b.load(b.bitcast(first, vector.as_pointer()), align=stored.width // 8)
            value = value if vector == kind else b.sext(value, kind)
            if form.graded:
                value = b.mul(value, emit.splat(b.load(b.gep(self.pointer["factors"], [at]))))
            first = b.gep(first, [I64(emit.lanes)])
            values.append(value)
        return values


def _make_row(form: _Form) -> Any:
    """Return an intrinsic that fills one row of accumulators."""

    @intrinsic
    def row(
        typingctx,
        branch,
        stream,
        weight,
        events,
        values,
        pixels,
        rows,
        factors,
        acc,
        plan,
        y,
        width,
        channels,
        events_at,
        pixels_at,
    ):
        i = types.intp
        signature = types.void(branch, stream, weight, events, values, pixels, rows, factors, acc, plan, i, i, i, i, i)

        def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
            emitter = _Row(context, builder, sig, args)
            beyond = builder.mul(builder.mul(emitter.branch(t.R_KH), emitter.kw), emitter.inputs)
            zeros = emitter.emit.splat(builder.mul(beyond, emitter.stride))

            def pixel(x: Any, carried: list[Any]) -> list[Any]:
                left = builder.sub(builder.mul(x, emitter.step), emitter.padding)
                count = emitter.gather(left, form.graded)
                emitter.emit.store(zeros, emitter.pointer["rows"], count)
                emitter.sum(count, x, form)
                return []

            counted_loop(builder, I64(0), emitter.width, 1, [], pixel)
            return context.get_dummy_value()

        return signature, codegen

    return row


_FORMS = _Form((16,)), _Form((32,)), _Form((32, 16)), _Form((32, 32), (32,))

conv_row_16, conv_row_32, conv_row_48, conv_row_64 = map(_make_row, _FORMS)
byte_row_16, byte_row_32, byte_row_48, byte_row_64 = (_make_row(replace(form, stored=I8)) for form in _FORMS)
byte_row_128 = _make_row(_Form((32, 32, 32, 32), stored=I8))
_MULTIPLIED = _Form((16,)), _Form((16, 16, 16, 16), (16, 16))
wide_row_16, wide_row_32 = (_make_row(replace(form, wide=True)) for form in _MULTIPLIED)
graded_row_16, graded_row_32 = (_make_row(replace(form, graded=True, wide=True)) for form in _MULTIPLIED)
