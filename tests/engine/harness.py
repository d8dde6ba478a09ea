"""The engine held against the reference, in every way in which it can be asked to run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.ir import ALIGNED, Timing, reference
from lava_spquant.ir.reference import Trace

__all__ = ["EVERYTHING", "assert_exact", "assert_output", "assert_same", "random_timing"]

EVERYTHING = ("outputs", "v", "u")
"""All that a run can record."""


def assert_exact(
    network: ir.Network,
    x: ir.IntArray,
    timing: Timing = ALIGNED,
    *,
    threads: Sequence[int] = (1, 2),
    vector: Sequence[bool] = (True, False),
) -> Trace:
    """Demand the reference's integers of vector and portable code and of several threads; return them."""
    expected = reference.run(network, x, timing)
    for wide in vector:
        for count in threads:
            engine = Engine(network, timing, threads=count, vector=wide)
            assert_same(engine.run(x, record=EVERYTHING), expected, f"vector {wide}, {count} threads, {timing}")
    return expected


def assert_same(found: Trace, expected: Trace, label: str = "") -> None:
    """Demand equal names, types and values, at every block, step and state."""
    assert len(found.blocks) == len(expected.blocks)
    for index, (mine, theirs) in enumerate(zip(found.blocks, expected.blocks, strict=True)):
        assert mine.keys() == theirs.keys(), f"block {index}, {label}"
        for name, values in theirs.items():
            assert mine[name].dtype == np.int32
            np.testing.assert_array_equal(mine[name], values, f"block {index}, {name}, {label}")
    np.testing.assert_array_equal(found.output, expected.output, f"output, {label}")


def assert_output(
    network: ir.Network, x: ir.IntArray, expected: Trace, timing: Timing = ALIGNED, *, threads: Sequence[int] = (2,)
) -> None:
    """Demand the expected output of vector code that records nothing: only readers get what a block sends."""
    for count in threads:
        found = Engine(network, timing, threads=count, vector=True).run(x).output
        np.testing.assert_array_equal(found, expected.output, f"{count} threads, {timing}")


def random_timing(rng: np.random.Generator) -> Timing:
    """Return aligned or pipelined time, with and without resets."""
    interval = None if rng.random() < 0.3 else int(rng.integers(1, 7))
    if rng.random() < 0.4:
        return Timing(reset_interval=interval)
    return Timing(True, interval, None if rng.random() < 0.5 else int(rng.integers(-4, 9)))
