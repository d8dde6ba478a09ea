"""Convolutions on packed bits: the reference's integers for every number of channels, kernel, stride and delay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.program import compile_program
from lava_spquant.engine.weights import PACKED_CHANNELS_MIN
from lava_spquant.ir import Timing
from tests.engine.harness import assert_exact

Pair = tuple[int, int]


def network(
    rng: np.random.Generator, inputs: int, outputs: int, size: Pair, kernel: Pair, stride: Pair, padding: Pair,
    dilation: Pair = (1, 1), skip: bool = False,
) -> ir.Network:  # fmt: skip
    """An image, thresholds, a binary convolution into a clip, and a skip that reads the thresholds later."""
    first = ir.Conv(rng.integers(-3, 4, (inputs, 2, 1, 1)), 3)
    conv = ir.Conv(rng.choice([-1, 1], (outputs, inputs, *kernel)), 1, stride, padding, dilation)
    thresholds = ir.Block("s", (ir.Branch(first, np.ones(inputs)),), ir.Threshold(), rng.integers(-9, 9, inputs))
    branches = [ir.Branch(conv, rng.integers(1, 5, outputs), 1, 0)]
    blocks = [thresholds, ir.Block("c", tuple(branches), ir.Clip(-127, 127), rng.integers(-9, 9, outputs))]
    if skip:
        late = (ir.Branch(ir.Identity(), np.ones(outputs), 0, 1), ir.Branch(conv, np.ones(outputs), 0, 0))
        blocks.append(ir.Block("late", late, ir.Relay(), np.zeros(outputs, int)))
    return ir.Network(ir.InputSpec((2, *size), 3), tuple(blocks))


def is_packed(made: ir.Network) -> bool:
    return bool(compile_program(made, ir.ALIGNED).branches[1, t.R_BINARY])


@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(1, 130),
    outputs=st.integers(1, 130),
    size=st.tuples(st.integers(1, 6), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
@settings(max_examples=60, deadline=None)
def test_any_convolution(
    seed: int, inputs: int, outputs: int, size: Pair, kernel: Pair, stride: Pair, dilation: Pair
) -> None:
    rng = np.random.default_rng(seed)
    padding = (dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1))
    made = network(rng, inputs, outputs, size, kernel, stride, padding, dilation)
    assert is_packed(made) == (inputs >= PACKED_CHANNELS_MIN)
    assert_exact(made, rng.integers(0, 8, (2, 2, 2, *size)), threads=(1,))


@pytest.mark.parametrize("channels", [15, 16, 17, 63, 64, 65, 127, 128, 129, 200])
@pytest.mark.parametrize("width", [1, 5])
def test_words_that_are_not_full(channels: int, width: int) -> None:
    rng = np.random.default_rng(channels)
    made = network(rng, channels, channels, (4, width), (3, 3), (1, 1), (1, 1))
    assert_exact(made, rng.integers(0, 8, (1, 3, 2, 4, width)))


@pytest.mark.parametrize("timing", [Timing(True), Timing(True, 3), Timing(reset_interval=2)])
def test_delayed_readers(timing: Timing) -> None:
    """In pipelined time the skip reads the spikes of an earlier step, and silence before the first."""
    rng = np.random.default_rng(1)
    made = network(rng, 70, 20, (5, 4), (3, 3), (1, 1), (1, 1), skip=True)
    assert_exact(made, rng.integers(0, 8, (7, 2, 2, 5, 4)), timing)


@pytest.mark.parametrize("sign", [-1, 1])
def test_one_sign(sign: int) -> None:
    rng = np.random.default_rng(2)
    made = network(rng, 64, 64, (5, 4), (3, 3), (1, 1), (1, 1))
    conv = ir.Conv(np.full((64, 64, 3, 3), sign), 1, 1, 1)
    block = ir.Block("c", (ir.Branch(conv, np.ones(64), 0, 0),), ir.Relay(), np.zeros(64, int))
    made = ir.Network(made.input, (made.blocks[0], block))
    for x in (rng.integers(0, 8, (2, 1, 2, 5, 4)), np.zeros((1, 1, 2, 5, 4), int), np.full((1, 1, 2, 5, 4), 7)):
        assert_exact(made, x)


def test_what_is_not_packed() -> None:
    rng = np.random.default_rng(3)
    made = network(rng, 32, 32, (4, 4), (1, 1), (1, 1), (0, 0))
    head, tail = made.blocks
    ternary = ir.Conv(rng.choice([-1, 0, 1], (32, 32, 1, 1)), ir.TERNARY_BITS)
    grouped = ir.Conv(rng.choice([-1, 1], (32, 16, 1, 1)), 1, groups=2)
    for synapse in (ternary, grouped):
        block = ir.Block("c", (ir.Branch(synapse, np.ones(32), 0, 0),), tail.neuron, tail.bias)
        other = ir.Network(made.input, (head, block))
        assert not is_packed(other)
        assert_exact(other, rng.integers(0, 8, (1, 2, 2, 4, 4)))
