"""Gated blocks: closed channels and places are left out, whatever their number, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.engine import _tables as t
from lava_spquant.engine.gates import HAS_COMPRESS
from lava_spquant.ir import Timing, reference
from tests.engine.harness import assert_exact, random_timing
from tests.engine.layers import Stack, conv, dense, dense_input, qlif
from tests.strategies import random_input, random_network

WIDTHS = (1, 2, 15, 16, 17, 33, 48, 49, 64, 65, 100, 128, 130)
SPEC = ir.InputSpec((3, 5, 6))


def predicted(rng: np.random.Generator, width: int, bits: int = 4, spec: ir.InputSpec = SPEC) -> ir.Network:
    """Return a convolution whose channels a predictor opens, from the sums of its input's spikes over places."""
    stack = Stack(rng, spec)
    stack.add((ir.INPUT, conv(rng, (3, 5), padding=(1, 1), bits=bits)))
    height, across = stack.shapes[0][1:]
    stack.add((0, ir.SumPool((height, across))), neuron=ir.Relay())
    stack.add((1, dense(rng, 5, width)), neuron=ir.Threshold(0))
    stack.add((0, conv(rng, (5, width), (3, 2), padding=(1, 0), bits=bits)), per_neuron=True)
    stack.add((3, conv(rng, (width, 3), (2, 2))))
    return gated(stack.network(), 3, 2)


def gated(network: ir.Network, index: int, *sources: int) -> ir.Network:
    blocks = list(network.blocks)
    blocks[index] = replace(blocks[index], gates=tuple(ir.Gate(source) for source in sources))
    return replace(network, blocks=tuple(blocks))


@pytest.mark.parametrize("bits", [4, 10, 14], ids=["bytes", "narrow", "wide"])
@pytest.mark.parametrize("width", WIDTHS)
def test_channels_of_every_number(width: int, bits: int) -> None:
    rng = np.random.default_rng(width)
    network = predicted(rng, width, bits)
    assert bool(Engine(network).program.branches[3, t.R_NARROWS]) == HAS_COMPRESS
    for density in (0.0, 0.2, 1.0):
        x = dense_input(rng, SPEC, density)
        assert_exact(network, x, random_timing(rng), threads=(1,))
    trace = assert_exact(network, dense_input(rng, SPEC, 0.5))
    assert width < 15 or 0 < trace.blocks[2]["spikes"].mean() < 1


def test_a_graded_source_and_a_block_of_several_branches() -> None:
    rng = np.random.default_rng(0)
    stack = Stack(rng, SPEC)
    stack.add((ir.INPUT, conv(rng, (3, 20), padding=(1, 1))))
    stack.add((0, ir.SumPool((2, 2))), neuron=ir.Relay())
    stack.add((0, ir.SumPool(stack.shapes[0][1:])), neuron=ir.Relay())
    stack.add((2, dense(rng, 20, 20)), neuron=ir.Threshold(0))
    stack.add((1, conv(rng, (20, 20), (3, 3), padding=(1, 1))), (1, ir.Identity()))
    stack.add((1, conv(rng, (20, 20), (3, 3), padding=(1, 1))), (4, conv(rng, (20, 20), (1, 1))))
    network = gated(gated(stack.network(), 4, 3), 5, 3)
    for _ in range(3):
        assert_exact(network, dense_input(rng, SPEC, 0.4), random_timing(rng))


@pytest.mark.parametrize("cells", [(1, 1), (2, 3), (3, 2), (5, 6), (1, 6)])
def test_places_that_cells_open(cells: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    stack = Stack(rng, SPEC)
    stack.add((ir.INPUT, conv(rng, (3, 18), (3, 3), padding=(1, 1))))
    size = [-(-n // m) for n, m in zip((5, 6), cells, strict=True)]
    pad = [(m * s - n + 1) // 2 for n, m, s in zip((5, 6), cells, size, strict=True)]
    stack.add((0, conv(rng, (18, 1), tuple(size), stride=tuple(size), padding=tuple(pad))), neuron=ir.Threshold(0))
    stack.add((0, conv(rng, (18, 33), (3, 3), padding=(1, 1))))
    stack.add((0, ir.SumPool((5, 6))), neuron=ir.Relay())
    stack.add((3, dense(rng, 18, 40)), neuron=ir.Threshold(0))
    stack.add((2, conv(rng, (33, 40), (3, 3), padding=(1, 1))), per_neuron=True)
    assert stack.shapes[1] == (1, *cells)
    network = gated(gated(stack.network(), 2, 1), 5, 1, 4)
    for density in (0.1, 0.5):
        assert_exact(network, dense_input(rng, SPEC, density), random_timing(rng))


def test_binary_grouped_and_image_convolutions_are_gated_as_well() -> None:
    rng = np.random.default_rng(2)
    spec = ir.InputSpec((3, 5, 6), 8)
    stack = Stack(rng, spec)
    stack.add((ir.INPUT, conv(rng, (3, 32), (3, 3), padding=(1, 1), bits=8)))
    stack.add((0, ir.SumPool((5, 6))), neuron=ir.Relay())
    stack.add((1, dense(rng, 32, 32)), neuron=ir.Threshold(0))
    weight = rng.choice([-1, 1], (32, 32, 3, 3))
    stack.add((0, ir.Conv(weight, 1, padding=1)), neuron=ir.Threshold(0))
    stack.add((3, conv(rng, (32, 32), (3, 3), padding=(1, 1), groups=32)))
    stack.add((ir.INPUT, conv(rng, (3, 32), (3, 3), padding=(1, 1), bits=8)))
    network = gated(gated(gated(stack.network(), 3, 2), 4, 2), 5, 2)
    assert_exact(network, dense_input(rng, spec, 1.0), threads=(1, 2))
    assert_exact(network, dense_input(rng, spec, 0.3), Timing(True, 4), threads=(1, 2))


@pytest.mark.parametrize("kind", ["dense", "identity"])
def test_more_channels_than_any_scratch_row_of_a_small_network(kind: str) -> None:
    rng = np.random.default_rng(3)
    wide, spec = 9000, ir.InputSpec((4,))
    stack = Stack(rng, spec)
    stack.add((ir.INPUT, dense(rng, 4, wide)))
    stack.add((ir.INPUT, dense(rng, 4, wide)), neuron=ir.Threshold(0))
    stack.add((0, ir.Identity()) if kind == "identity" else (ir.INPUT, dense(rng, 4, wide)))
    network = gated(stack.network(), 2, 1)
    found = Engine(network).program
    # A bit per channel has room behind the branch's own row, which is there for every network.
    assert found.sizes["plan"] >= t.R_COLUMNS + -(-wide // 64)
    assert_exact(network, dense_input(rng, spec, 0.5))


def test_random_networks_with_gates() -> None:
    found = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        network = random_network(rng)
        if any(block.gates for block in network.blocks):
            found += 1
            assert_exact(network, random_input(rng, network), random_timing(rng), threads=(1,))
    assert found > 30


def test_a_closed_gate_keeps_a_bias_out() -> None:
    gate = ir.Block("gate", (ir.Branch(ir.Dense([[1], [1]], 2), [64, 64]),), ir.Threshold(0), [0, -64])
    fed = (ir.Branch(ir.Dense([[1], [1]], 2), [0, 0]),)
    block = ir.Block("fed", fed, qlif(), [300, 300], 8, gates=(ir.Gate(0),))
    network = ir.Network(ir.InputSpec((1,)), (gate, block))
    trace = assert_exact(network, np.ones((3, 1, 1), int))
    assert trace.blocks[1]["spikes"].reshape(3, 2).tolist() == [[1, 0]] * 3
    assert reference.run(network, np.zeros((3, 1, 1), int)).output.sum() == 0
