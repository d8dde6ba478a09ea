"""Whether two executors did the same: every value of every block at every step, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lava_spquant.ir import Network
from lava_spquant.ir.reference import Trace
from lava_spquant.report.traces import TraceError, check_trace, stream, stream_names

__all__ = ["Comparison", "ComparisonRow", "Mismatch", "compare", "merge"]


@dataclass(frozen=True, order=True)
class Mismatch:
    """One value that differs. The order is that of cause: the earliest step, then the earliest block.

    Attributes
    ----------
    step : int
        Time step, from 0.
    block : int
        Index of the block.
    stream : str
        "spikes", "graded", "v" or "u".
    sample : int
    index : tuple of int
        Position in the block, (c, y, x) or (c,).
    a, b : int or float
        What the two traces hold.
    """

    step: int
    block: int
    stream: str
    sample: int
    index: tuple[int, ...]
    a: float
    b: float


@dataclass(frozen=True)
class ComparisonRow:
    """The comparison of one stream of one block.

    Attributes
    ----------
    block : str
    stream : str
    compared, mismatches : int
        Numbers of values.
    first : Mismatch or None
    """

    block: str
    stream: str
    compared: int
    mismatches: int
    first: Mismatch | None


@dataclass(frozen=True)
class Comparison:
    """The comparison of two traces of one network, or of many chunks of them.

    Attributes
    ----------
    rows : tuple of ComparisonRow
        In the order of the blocks, each one's outputs before its state variables.
    samples, steps : int
    """

    rows: tuple[ComparisonRow, ...]
    samples: int
    steps: int

    @property
    def compared(self) -> int:
        """Values compared."""
        return sum(row.compared for row in self.rows)

    @property
    def mismatches(self) -> int:
        """Values that differ, in all streams."""
        return sum(row.mismatches for row in self.rows)

    @property
    def spikes_compared(self) -> int:
        """Spike values (0 or 1) compared."""
        return sum(row.compared for row in self.rows if row.stream == "spikes")

    @property
    def first(self) -> Mismatch | None:
        """The mismatch that all others may follow from, or None."""
        return min((row.first for row in self.rows if row.first is not None), default=None)

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.compared > 0 and self.mismatches == 0


def compare(a: Trace, b: Trace, network: Network, streams: Sequence[str] | None = None) -> Comparison:
    """Compare two traces value by value.

    Parameters
    ----------
    a, b : Trace
        Of `network`, on the same input. The values may be integers or floats that hold integers;
        a NaN is a mismatch.
    network : Network
    streams : sequence of str, optional
        What to compare, for executors that do not record everything, e.g. `("spikes", "graded")`.
        None compares all outputs and state variables and demands that both traces hold them.

    Returns
    -------
    Comparison

    Raises
    ------
    TraceError
        If a trace lacks a stream or a block, or their (T, N) differ, or `streams` names nothing
        that the network has.
    """
    extent, other = check_trace(a, network), check_trace(b, network)
    if extent != other:
        raise TraceError(f"compare: (T, N): found {extent} and {other}, expected the same")
    rows = tuple(
        _compare_stream(a, b, network, index, name)
        for index, block in enumerate(network.blocks)
        for name in stream_names(block)
        if streams is None or name in streams
    )
    if not rows:
        raise TraceError(f"compare: streams: found {streams}, expected at least one that the network has")
    return Comparison(rows, samples=extent[1], steps=extent[0])


def merge(parts: Iterable[Comparison]) -> Comparison:
    """Add up comparisons of consecutive chunks of samples, as if they had been one.

    Parameters
    ----------
    parts : iterable of Comparison
        In the order of the samples, all of one network, with the same streams and steps.

    Raises
    ------
    TraceError
        If there are none, or they do not belong together.
    """
    total: Comparison | None = None
    for part in parts:
        total = part if total is None else _append(total, part)
    if total is None:
        raise TraceError("merge: comparisons: found none, expected at least one")
    return total


def _compare_stream(a: Trace, b: Trace, network: Network, index: int, name: str) -> ComparisonRow:
    left, right = stream(a, network, index, name), stream(b, network, index, name)
    wrong = left != right
    count = int(np.count_nonzero(wrong))
    first = None
    if count:
        # Traces are time-major, so the first in memory order is the earliest step.
        place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
        first = Mismatch(place[0], index, name, place[1], place[2:], left[place].item(), right[place].item())
    return ComparisonRow(network.blocks[index].name, name, int(left.size), count, first)


def _append(total: Comparison, part: Comparison) -> Comparison:
    kinds = [[(row.block, row.stream) for row in c.rows] for c in (total, part)]
    if kinds[0] != kinds[1] or total.steps != part.steps:
        raise TraceError("merge: comparisons: found other streams or time steps, expected chunks of one comparison")
    rows = tuple(_append_row(x, y, total.samples) for x, y in zip(total.rows, part.rows, strict=True))
    return Comparison(rows, total.samples + part.samples, total.steps)


def _append_row(total: ComparisonRow, part: ComparisonRow, offset: int) -> ComparisonRow:
    later = None if part.first is None else replace(part.first, sample=part.first.sample + offset)
    first = min((m for m in (total.first, later) if m is not None), default=None)
    return ComparisonRow(
        total.block, total.stream, total.compared + part.compared, total.mismatches + part.mismatches, first
    )
