from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir import NEURONS, SYNAPSES
from lava_spquant.ir.reference import Trace, run
from tests.ir.scalar_oracle import ACCUMULATE, STEPS, run_scalar
from tests.strategies import Knobs, cases, inputs_for, networks, random_input, random_network


def assert_equal(network: ir.Network, trace: Trace, expected: list[dict[str, ir.IntArray]]) -> None:
    for block, found, wanted in zip(network.blocks, trace.blocks, expected, strict=True):
        assert found.keys() == wanted.keys()
        for name, values in found.items():
            assert values.dtype == np.int32
            np.testing.assert_array_equal(values, wanted[name], err_msg=f"{block.name}: {name}")


@given(cases())
def test_equals_scalar_oracle_everywhere(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    trace = run(network, x)
    assert_equal(network, trace, run_scalar(network, x))
    first = network.blocks[-1].neuron.outputs[0]
    np.testing.assert_array_equal(trace.output, trace.blocks[-1][first])


@given(cases(Knobs(stock_cuba=False, gains=("extreme",), max_blocks=2)))
def test_equals_scalar_oracle_at_the_edge_of_the_bounds(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    assert_equal(network, run(network, x), run_scalar(network, x))


@given(st.data(), st.booleans(), st.integers(1, 4), st.sampled_from([None, 0, 1, 3]))
def test_equals_scalar_oracle_with_resets(
    data: st.DataObject, pipelined: bool, interval: int, offset: int | None
) -> None:
    network = data.draw(networks(Knobs(max_blocks=3)))
    x = data.draw(inputs_for(network, steps=(1, 7), batch=(1, 2)))
    timing = ir.Timing(pipelined, interval, offset)
    assert_equal(network, run(network, x, timing), run_scalar(network, x, timing))


def test_oracle_knows_every_neuron_and_synapse() -> None:
    assert STEPS.keys() == NEURONS.keys()
    assert ACCUMULATE.keys() == SYNAPSES.keys()


@given(cases(Knobs(inputs=("graded",))))
def test_inputs_and_network_stay_as_they_were(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    arrays = [b.bias for b in network.blocks] + [y.gain for b in network.blocks for y in b.branches]
    arrays += [y.synapse.weight for b in network.blocks for y in b.branches if hasattr(y.synapse, "weight")]
    before, x_before = [a.copy() for a in arrays], x.copy()
    run(network, x)
    np.testing.assert_array_equal(x, x_before)
    for now, then in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(now, then)
        assert not now.flags.writeable


@given(st.data())
def test_samples_of_a_batch_do_not_see_each_other(data: st.DataObject) -> None:
    network = data.draw(networks())
    x = data.draw(inputs_for(network, batch=(2, 3)))
    together = run(network, x).output
    for n in range(x.shape[1]):
        np.testing.assert_array_equal(run(network, x[:, n : n + 1]).output, together[:, n : n + 1])


@given(st.data())
def test_later_input_does_not_change_earlier_output(data: st.DataObject) -> None:
    network = data.draw(networks())
    x = data.draw(inputs_for(network, steps=(2, 5)))
    np.testing.assert_array_equal(run(network, x[:-1]).output, run(network, x).output[:-1])


def test_two_blocks_by_hand() -> None:
    """A ternary dense block with a ternary membrane, read by a read-out.

    gain 40, F = 6 (vth 64), decay 2048, hard reset; levels -64, 0, 64; bias (0, 8).
    Weights [[1, 0], [-1, 1]]; input over time (1, 0), (1, 1), (0, 1), (0, 0).

    Neuron 0: currents 40, 40, 0, 0.
      t1: m = 40            no spike  (40+32)>>6 = 1   v = 64
      t2: m = 32 + 40 = 72  spike     0                v = 0
      t3: m = 0             no spike                   v = 0
      t4: m = 0                                        v = 0
    Neuron 1: currents -40, 0, 40, 0 and bias 8.
      t1: m = -32            (-32+32)>>6 = 0           v = 0
      t2: m = 0 + 0 + 8 = 8  (8+32)>>6 = 0             v = 0
      t3: m = 48             (48+32)>>6 = 1            v = 64
      t4: m = 32 + 8 = 40    (40+32)>>6 = 1            v = 64
    Read-out: gain 5, shift 1 on 3*s0 - 2*s1, bias 1; only t2 has s = (1, 0).
      (0+1)>>1 = 0 and at t2 (15+1)>>1 = 8; with the bias: 1, 1+9 = 10, 11, 12.
    """
    neuron = ir.QLif(2048, 64, "hard", ir.Membrane(6, -1, 1))
    first = ir.Block("first", (ir.Branch(ir.Dense([[1, 0], [-1, 1]], 1.58), [40, 40]),), neuron, [0, 8])
    branch = ir.Branch(ir.Dense([[3, -2]], 3), [5], shift=1, source=0)
    second = ir.Block("second", (branch,), ir.Readout(), [1])
    network = ir.Network(ir.InputSpec((2,)), (first, second))
    x = np.array([[1, 0], [1, 1], [0, 1], [0, 0]])[:, None]

    trace = run(network, x)

    assert trace.blocks[0]["spikes"][:, 0].tolist() == [[0, 0], [1, 0], [0, 0], [0, 0]]
    assert trace.blocks[0]["v"][:, 0].tolist() == [[64, 0], [0, 0], [0, 64], [0, 64]]
    assert trace.output[:, 0, 0].tolist() == [1, 10, 11, 12]


def test_skip_connection_by_hand() -> None:
    """Two branches of one block add up after each has its own gain and rounding.

    Input 3: branch 0 is dense 2 * 3 = 6, gain 3, shift 2: (18 + 2) >> 2 = 5.
    Branch 1 is the identity, 3, gain -3, shift 1: (-9 + 1) >> 1 = -4. Sum 1, bias 10: 11.
    """
    branches = (ir.Branch(ir.Dense([[2]], 3), [3], 2), ir.Branch(ir.Identity(), [-3], 1))
    network = ir.Network(ir.InputSpec((1,), 4), (ir.Block("only", branches, ir.Relay(), [10]),))
    assert run(network, np.full((1, 1, 1), 3)).output.item() == 11


@pytest.mark.parametrize("steps", [1, 3])
def test_a_network_that_never_hears_anything_keeps_silent(steps: int) -> None:
    weight = np.zeros((2, 1, 3, 2), int)
    block = ir.Block("only", (ir.Branch(ir.Conv(weight, 2), [1, 1]),), ir.QLif(0, 1), [0, 0])
    network = ir.Network(ir.InputSpec((1, 4, 3)), (block,))
    trace = run(network, np.ones((steps, 1, 1, 4, 3), int))
    assert trace.output.shape == (steps, 1, 2, 2, 2)
    assert not trace.output.any()
    assert not trace.blocks[0]["v"].any()


def test_random_networks_exercise_what_they_promise() -> None:
    """Neurons must fire sometimes, skips must have unequal depth: else the properties above show little."""
    rng = np.random.default_rng(0)
    fires = skips = relays = 0
    for _ in range(150):
        network = random_network(rng)
        trace = run(network, random_input(rng, network))
        fires += any(0 < block["spikes"].mean() < 1 for block in trace.blocks if "spikes" in block)
        for block in network.blocks:
            sources = {b.source for b in block.branches}
            skips += len({0 if s == ir.INPUT else network.depths[s] for s in sources}) > 1
            relays += any(s != ir.INPUT and network.blocks[s].neuron.kind == "relay" for s in sources)
    assert min(fires, skips, relays) >= 40
