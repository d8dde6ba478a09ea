"""Thresholds behind convolutions on bits: the reference's spikes, whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.program import compile_program
from lava_spquant.ir import Timing, reference
from tests.engine.harness import assert_exact, assert_output

Pair = tuple[int, int]


@pytest.fixture(autouse=True, scope="module")
def _no_tiles() -> Iterator[None]:
    """Count bits here also where the processor multiplies tiles; see test_tiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lava_spquant.engine.tiles.has_tiles", lambda: False)
        yield


def network(
    rng: np.random.Generator, inputs: int, outputs: int, size: Pair, kernel: Pair, stride: Pair = (1, 1),
    dilation: Pair = (1, 1), reader: str = "packed",
) -> ir.Network:  # fmt: skip
    """An image, thresholds, a binary convolution with thresholds of its own, and something that reads their spikes."""
    shift = int(rng.integers(0, 4))
    first = ir.Conv(rng.integers(-3, 4, (inputs, 2, 1, 1)), 3)
    blocks = [ir.Block("s", (ir.Branch(first, np.ones(inputs)),), ir.Threshold(), rng.integers(-9, 9, inputs))]
    padding = (dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1))
    conv = ir.Conv(rng.choice([-1, 1], (outputs, inputs, *kernel)), 1, stride, padding, dilation)
    branch = ir.Branch(conv, rng.integers(-3, 4, outputs), shift, 0)
    blocks.append(ir.Block("c", (branch,), ir.Threshold(int(rng.integers(0, 5))), rng.integers(-9, 9, outputs)))
    binary = ir.Conv(rng.choice([-1, 1], (24, outputs, 2, 1)), 1, 1, (1, 0))
    readers: dict[str, ir.Synapse] = {
        "packed": binary,
        "listed": ir.Conv(rng.integers(-3, 4, (24, outputs, 1, 1)), 3),
        "pooled": ir.SumPool((2, 1), (1, 1), (1, 0)),
    }
    ones = np.ones(outputs if reader == "pooled" else 24, int)
    if reader != "nobody":
        blocks.append(ir.Block("r", (ir.Branch(readers[reader], ones, 0, 1),), ir.Relay(), 0 * ones))
    return ir.Network(ir.InputSpec((2, *size), 3), tuple(blocks))


def has_limits(made: ir.Network, vector: bool = True) -> bool:
    return bool(compile_program(made, ir.ALIGNED, vector).blocks[1, t.B_LIMITS] >= 0)


@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(16, 130),
    outputs=st.integers(1, 20) | st.integers(1, 17).map(lambda eights: 8 * eights),
    size=st.tuples(st.integers(1, 6), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    reader=st.sampled_from(["packed", "listed", "pooled", "nobody"]),
)
@settings(max_examples=80, deadline=None)
def test_any_convolution(
    seed: int, inputs: int, outputs: int, size: Pair, kernel: Pair, stride: Pair, dilation: Pair, reader: str
) -> None:
    rng = np.random.default_rng(seed)
    made = network(rng, inputs, outputs, size, kernel, stride, dilation, reader)
    assert has_limits(made) == (outputs % 8 == 0 and dilation[1] == 1)
    assert not has_limits(made, vector=False)
    x = rng.integers(0, 8, (2, 3, 2, *size))
    expected = assert_exact(made, x, threads=(1,))
    # Without a record, nobody wants the spikes by place but who reads them so.
    assert_output(made, x, expected)


@pytest.mark.parametrize("timing", [Timing(True), Timing(True, 3), Timing(reset_interval=2)])
def test_delays(timing: Timing) -> None:
    rng = np.random.default_rng(1)
    made = network(rng, 70, 40, (5, 4), (3, 3))
    x = rng.integers(0, 8, (7, 2, 2, 5, 4))
    expected = assert_exact(made, x, timing)
    assert_output(made, x, expected, timing)


@pytest.mark.parametrize("reader", ["packed", "listed", "pooled", "nobody"])
def test_rows_shared_by_threads(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lava_spquant.engine.simulator.SHARED_NEURONS", 1)
    rng = np.random.default_rng(2)
    made = network(rng, 64, 64, (9, 5), (3, 2), (2, 1), (2, 1), reader)
    x = rng.integers(0, 8, (1, 1, 2, 9, 5))
    assert_output(made, x, reference.run(made, x), threads=(2, 3, 5))


@pytest.mark.parametrize("gain", [-7, -1, 0, 1, 7])
@pytest.mark.parametrize("bias", [-(2**22), -1, 0, 1, 2**22])
@pytest.mark.parametrize("sign", [-1, 1])
def test_always_never_and_at_the_edge(gain: int, bias: int, sign: int) -> None:
    """Also where no sum is enough, or every one, and with weights of one sign and no spikes at all."""
    rng = np.random.default_rng(3)
    made = network(rng, 16, 8, (3, 4), (3, 3), reader="packed")
    conv = ir.Conv(np.full((8, 16, 3, 3), sign), 1, 1, 1)
    block = ir.Block("c", (ir.Branch(conv, np.full(8, gain), 2, 0),), ir.Threshold(1), np.full(8, bias))
    made = ir.Network(made.input, (made.blocks[0], block, made.blocks[2]))
    assert has_limits(made)
    for x in (rng.integers(0, 8, (1, 2, 2, 3, 4)), np.zeros((1, 1, 2, 3, 4), int), np.full((1, 1, 2, 3, 4), 7)):
        expected = assert_exact(made, x, threads=(1,))
        assert_output(made, x, expected)


def test_a_bias_by_place_keeps_the_sums() -> None:
    rng = np.random.default_rng(4)
    made = network(rng, 32, 16, (4, 3), (3, 3))
    branch = made.blocks[1].branches[0]
    placed = ir.Block("c", (branch,), ir.Threshold(), rng.integers(-9, 9, (16, *made.shapes[1][1:])))
    other = ir.Network(made.input, (made.blocks[0], placed, made.blocks[2]))
    assert has_limits(made)
    assert not has_limits(other)
    assert_exact(other, rng.integers(0, 8, (2, 2, 2, 4, 3)))
