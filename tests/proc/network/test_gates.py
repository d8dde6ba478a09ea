"""Gated networks as one Process per layer: the reference's integers at every step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.proc import Network, simulate
from tests.proc.harness import (
    DEADLINE,
    assert_as_reference,
    assert_same,
    in_lava_order,
    record_network,
    stream_for,
    stream_into,
)
from tests.strategies import Knobs, random_input, random_network

STEPS = 17
SOFT = ir.QLif(2048, 64, "soft", ir.Membrane(6, -3, 1))


def branch(synapse: ir.Synapse, channels: int, gain: int, source: int = ir.INPUT) -> ir.Branch:
    return ir.Branch(synapse, np.full(channels, gain), 0, source)


def both_kinds() -> ir.Network:
    """Gates per channel and per cell on an image of 5 x 7, of depths 1 to 3, two in one block."""
    generator = np.random.default_rng(1)

    def conv(c_out: int, c_in: int, *kernel: int, **rest) -> ir.Conv:
        return ir.Conv(generator.integers(-1, 2, (c_out, c_in, *kernel)), 1.58, **rest)

    def dense(c_out: int, c_in: int) -> ir.Dense:
        return ir.Dense(generator.integers(-3, 4, (c_out, c_in)), 3)

    def gates(*sources: int) -> tuple[ir.Gate, ...]:
        return tuple(map(ir.Gate, sources))

    per_neuron = generator.integers(-30, 60, (3, 5, 7))
    deep = (branch(conv(3, 3, 1, 1), 3, 50, 2), branch(ir.Identity(), 3, 20, 2))
    blocks = (
        ir.Block("cells", (branch(conv(1, 2, 3, 3, stride=2), 1, 20),), ir.Threshold(2), [3]),
        ir.Block("channels", (branch(conv(3, 2, 5, 7), 3, 9),), SOFT, [40, 9, 30]),
        ir.Block("body", (branch(conv(3, 2, 3, 3, padding=1), 3, 20),), SOFT, per_neuron, gates=gates(0, 1)),
        ir.Block("deep", deep, ir.QLif(512, 70), [10, 30, 50], gates=gates(1, 0)),
        ir.Block("flat", (branch(dense(3, 3), 3, 30, 1),), SOFT, [30, 20, 40]),
        ir.Block("late", (branch(ir.SumPool(1), 3, 40, 3),), SOFT, [30, 0, 20], gates=gates(4)),
        ir.Block("vote", (branch(dense(4, 3), 4, 40, 4),), SOFT, [9, 40, 20, 70]),
        ir.Block("out", (branch(dense(4, 105), 4, 1, 5),), ir.Readout(), [1, -2, 3, -4], gates=gates(6)),
    )
    return ir.Network(ir.InputSpec((2, 5, 7), 2, signed=True), blocks)


def assert_gates_move(network: ir.Network, trace: reference.Trace, timing: ir.Timing = ir.ALIGNED) -> None:
    """Demand that every gated block is open somewhere and closed somewhere, so that the comparison tells."""
    for index, block in enumerate(network.blocks):
        if block.gates:
            assert 0 < reference.gate_mask(network, index, trace.blocks, timing).mean() < 1, block.name


@pytest.mark.parametrize(
    "timing",
    [{}, {"reset_interval": 5}, {"reset_interval": 4, "reset_offset": 6}, {"reset_interval": 1, "reset_offset": 0}],
    ids=str,
)
def test_time_and_resets_are_those_of_the_reference(timing):
    network = both_kinds()
    trace = assert_as_reference(network, stream_for(network, 2, STEPS), fused=False, **timing)
    if timing.get("reset_interval") != 1:
        assert_gates_move(network, trace, ir.Timing(pipelined=True, **timing))


@pytest.mark.parametrize(("steps", "samples"), [(1, 1), (1, 6), (4, 3)])
def test_samples_stay_apart(steps, samples):
    network = both_kinds()
    x = np.random.default_rng(3).integers(-2, 2, (steps, samples, 2, 5, 7))
    expected = reference.run(network, x)
    assert_same(simulate(network, x, deadline=DEADLINE), expected, tuple(b.name for b in network.blocks))
    if steps > 1:
        assert_gates_move(network, expected)


def test_a_block_shows_its_gates():
    network = both_kinds()
    process = Network(network, fused=False)
    body, late = process.layers[2], process.layers[5]
    assert [port.shape for port in body.gate_inputs] == [(3, 2, 1), (1, 1, 3)]
    assert (body.gate_inp, body.gate_inp_1) == tuple(body.gate_inputs)
    np.testing.assert_array_equal(body.gate.bias.get(), network.blocks[2].bias.T)
    assert not body.gate_1.bias.get().any()
    assert not body.neuron.bias.get().any()
    assert late.gate_delay.buffer.shape == (1, 3)
    assert late.neuron.v.shape == (7, 5, 3)
    assert process.layers[0].gate_inputs == []


def test_a_delayed_gate_is_closed_until_its_first_spikes_arrive():
    """The source spikes from step 1 on; three blocks lie between, and the gated one spikes whenever it is open."""
    ones = ir.Dense([[1]], 1.58)
    always = ir.Block("always", (branch(ones, 1, 1),), ir.Threshold(0), [5])
    chain = tuple(ir.Block(f"b{i}", (branch(ones, 1, 1, i - 1),), ir.Threshold(0), [5]) for i in (1, 2))
    last = ir.Block("last", (branch(ones, 1, 1, 2),), ir.Threshold(0), [5], gates=(ir.Gate(0),))
    network = ir.Network(ir.InputSpec((1,)), (always, *chain, last))
    trace = assert_as_reference(network, np.zeros((6, 1), int), fused=False)
    assert trace.output.ravel().tolist() == [0, 0, 0, 1, 1, 1]
    assert trace.blocks[2]["spikes"].all()


def test_two_gates_with_one_source():
    """One of them changes nothing; both read the same port, and so does a current."""
    for sources in [(0,), (0, 0), (0, 0, 1, 0)]:
        gates = tuple(map(ir.Gate, sources))
        blocks = (
            ir.Block("a", (branch(ir.Dense(np.eye(3, dtype=int), 2), 3, 30),), SOFT, [9, 40, 20]),
            ir.Block("b", (branch(ir.Dense(np.eye(3, dtype=int), 2), 3, 50),), SOFT, [40, 40, 20]),
            ir.Block("c", (branch(ir.Identity(), 3, 1, 0),), ir.Readout(), [1, 2, 3], gates=gates),
        )
        network = ir.Network(ir.InputSpec((3,), 2), blocks)
        trace = assert_as_reference(network, stream_for(network, 5, STEPS), fused=False)
        assert_gates_move(network, trace, ir.Timing(pipelined=True))


def test_without_any_lag():
    """Input, gate and gated neurons act in one step."""
    blocks = (
        ir.Block("mask", (branch(ir.Identity(), 3, 1),), ir.Threshold(2), [0, 1, 0]),
        ir.Block("sum", (branch(ir.Identity(), 3, 1),), ir.Readout(), [7, -3, 1], gates=(ir.Gate(0),)),
    )
    network = ir.Network(ir.InputSpec((3,), 3), blocks)
    assert network.depths == (0, 0)
    assert_gates_move(network, assert_as_reference(network, stream_for(network, 6, STEPS), fused=False))


def test_a_gated_network_in_a_loop():
    """Gates add no lag and need none: what is sent comes back one step later, by way of the synapses."""
    generator = np.random.default_rng(7)
    synapses = [branch(ir.Dense(generator.integers(-3, 4, (4, 4)), 3), 4, 20) for _ in range(2)]
    blocks = (
        ir.Block("gate", synapses[:1], ir.QLif(1024, 64), [40] * 4),
        ir.Block("out", synapses[1:], ir.QLif(1024, 64), [50] * 4, gates=(ir.Gate(0),)),
    )
    network = ir.Network(ir.InputSpec((4,), bits=2), blocks)
    process = Network(network, fused=False)
    x = generator.integers(0, 2, (STEPS, 4))
    stream_into(process.inp, x)
    process.out.connect(process.inp)
    found = record_network(process, STEPS)[-1]["out"]
    sent = np.zeros((STEPS, 4), int)
    for t in range(STEPS):
        sent[t] = reference.run(network, (x + sent)[:, None], ir.Timing(pipelined=True)).output[t, 0]
    np.testing.assert_array_equal(found, sent)
    assert 0 < sent.mean() < 1


def test_part_of_a_gated_network():
    whole = both_kinds()
    front = Network(whole, num_layers=4, fused=False)
    assert [layer.name for layer in front.layers] == ["cells", "channels", "body", "deep"]
    assert_as_reference(front.ir, stream_for(front.ir, 8, STEPS), fused=False)


def gated(start: int, knobs: Knobs) -> ir.Network:
    """Return the first random network from a seed on in which something is gated."""
    networks = (random_network(np.random.default_rng(seed), knobs) for seed in itertools.count(start))
    return next(network for network in networks if any(block.gates for block in network.blocks))


FLAT = Knobs(ndim=(1,), neurons=("qlif", "threshold"), synapses=("dense",))
IMAGES = Knobs(ndim=(3,), neurons=("qlif", "threshold", "relay", "clip"), synapses=("conv", "pool", "identity"))
ANYTHING = Knobs()
several = pytest.mark.parametrize("start", range(0, 500, 100))


@several
@pytest.mark.parametrize("knobs", [FLAT, IMAGES, ANYTHING], ids=["flat", "images", "anything"])
def test_random_networks(knobs, start):
    network = gated(start, knobs)
    x = random_input(np.random.default_rng(start), network)
    found = simulate(network, x, deadline=DEADLINE)
    assert_same(found, reference.run(network, x), tuple(block.name for block in network.blocks))


@several
def test_random_networks_without_resets(start):
    network = gated(start, FLAT)
    assert_as_reference(network, stream_for(network, start, STEPS), fused=False)


def test_axes_of_cells_are_width_and_height():
    """Each cell's spikes reach its own places on an image that is not square."""
    weight = np.zeros((1, 1, 3, 3), int)
    weight[0, 0, 1, 1] = 1
    blocks = (
        ir.Block("cells", (branch(ir.Conv(weight, 2, stride=3, padding=1), 1, 1),), ir.Threshold(0), [0]),
        ir.Block("sum", (branch(ir.Conv([[[[0]]]], 2), 1, 1),), ir.Relay(), [1], gates=(ir.Gate(0),)),
    )
    network = ir.Network(ir.InputSpec((1, 4, 8)), blocks)
    assert network.shapes[0] == (1, 2, 3)
    x = np.zeros((2, 1, 4, 8), int)
    x[0, 0, 3, 6] = 1
    trace = assert_as_reference(network, x, fused=False)
    expected = np.zeros((8, 4), int)
    expected[6:, 2:] = 1
    np.testing.assert_array_equal(in_lava_order(trace.output[:, 0])[1, :, :, 0], expected)
