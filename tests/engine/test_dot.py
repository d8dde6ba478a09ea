"""Images as bytes: the reference's integers for every width, kernel and stride."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._cpu import has_dots
from lava_spquant.engine.program import compile_program
from lava_spquant.ir import Timing
from tests.engine.harness import assert_exact

Pair = tuple[int, int]


def network(synapse: ir.Synapse, spec: ir.InputSpec) -> ir.Network:
    channels = synapse.output_shape(spec.shape)[0]
    block = ir.Block("b", (ir.Branch(synapse, np.ones(channels)),), ir.Relay(), np.zeros(channels, int))
    return ir.Network(spec, (block,))


def takes_dots(made: ir.Network) -> bool:
    return bool(compile_program(made, ir.ALIGNED).branches[0, t.R_DOT])


@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.integers(2, 8),
    channels=st.integers(1, 9),
    outputs=st.integers(1, 150),
    size=st.tuples(st.integers(1, 7), st.integers(1, 8)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    dilation=st.integers(1, 2),
)
@settings(max_examples=60, deadline=None)
def test_any_convolution(
    seed: int, bits: int, channels: int, outputs: int, size: Pair, kernel: Pair, stride: Pair, dilation: int
) -> None:
    rng = np.random.default_rng(seed)
    padding = (dilation * (kernel[0] - 1), kernel[1] - 1)
    weight = rng.choice([-128, 127, 0, 1, -1], (outputs, channels, *kernel))
    made = network(ir.Conv(weight, 9, stride, padding, (dilation, 1)), ir.InputSpec((channels, *size), bits))
    assert takes_dots(made) == has_dots()
    x = rng.choice([0, 1, 2**bits - 1], (2, 2, channels, *size))
    assert_exact(made, x, threads=(1,))
    assert_exact(made, x, Timing(True), threads=(2,))


@pytest.mark.parametrize("shape", [(5,), (3, 4, 7)])
@pytest.mark.parametrize("outputs", [1, 16, 130])
def test_dense_weights(shape: ir.Shape, outputs: int) -> None:
    rng = np.random.default_rng(outputs)
    made = network(ir.Dense(rng.integers(-127, 128, (outputs, int(np.prod(shape)))), 8), ir.InputSpec(shape, 8))
    assert takes_dots(made) == has_dots()
    for x in (rng.integers(0, 256, (3, 2, *shape)), np.full((1, 1, *shape), 255), np.zeros((1, 1, *shape), int)):
        assert_exact(made, x)


def test_what_goes_event_by_event() -> None:
    rng = np.random.default_rng(0)
    small = ir.Conv(rng.integers(-100, 101, (4, 2, 1, 2)), 8)
    large = ir.Conv(rng.integers(-300, 301, (4, 2, 1, 2)), 10)
    wide = ir.Conv(small.weight, 8, dilation=(1, 2))
    grouped = ir.Conv(small.weight[:, :1], 8, groups=2)
    shape = (2, 4, 5)
    cases = [
        (small, ir.InputSpec(shape, 9)),
        (small, ir.InputSpec(shape, 8, signed=True)),
        (small, ir.InputSpec(shape)),
        (large, ir.InputSpec(shape, 8)),
        (wide, ir.InputSpec(shape, 8)),
        (grouped, ir.InputSpec(shape, 8)),
    ]
    for synapse, spec in cases:
        made = network(synapse, spec)
        assert not takes_dots(made)
        low, high = spec.bounds
        assert_exact(made, rng.integers(low, high + 1, (2, 1, *shape)))


def test_an_image_that_is_also_listed() -> None:
    """One reader takes bytes, the other's weights are too large."""
    rng = np.random.default_rng(1)
    convs = [ir.Conv(rng.integers(-top, top + 1, (4, 2, 2, 2)), 10) for top in (100, 400)]
    branches = tuple(ir.Branch(conv, np.ones(4)) for conv in convs)
    block = ir.Block("b", branches, ir.Relay(), np.zeros(4, int))
    assert_exact(ir.Network(ir.InputSpec((2, 5, 4), 8), (block,)), rng.integers(0, 256, (3, 2, 2, 5, 4)))
