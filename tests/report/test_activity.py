from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace, run
from lava_spquant.report import TraceError, activity
from lava_spquant.report.gated import open_neurons, open_operations
from tests.netx.samples import gated
from tests.report.networks import classified, classifier, stock
from tests.report.test_fan_out import reached, with_ones
from tests.strategies import Knobs, cases


def source(network: ir.Network, branch: ir.Branch, x: IntArray, trace: Trace) -> IntArray:
    if branch.source == ir.INPUT:
        return x
    return trace.blocks[branch.source][network.blocks[branch.source].output_name(branch.output)]


def brute_force(network: ir.Network, x: IntArray, trace: Trace) -> list[int]:
    """Count operations value by value, through what single spikes reach; `test_counting` holds gates to account."""
    totals = []
    for block in network.blocks:
        total = 0
        for branch in block.branches:
            values = source(network, branch, x, trace)
            table = reached(with_ones(branch.synapse), values.shape[2:])
            total += sum(int(table[frame != 0].sum()) for step in values for frame in step)
        totals.append(total)
    return totals


@given(case=cases(Knobs(gates=False)))
def test_operations_are_those_of_brute_force(case: tuple[ir.Network, IntArray]) -> None:
    network, x = case
    trace = run(network, x)
    measured = activity(network, [(x, trace)])
    found = [round(row.synops * measured.samples) for row in measured.rows]
    assert found == brute_force(network, x, trace)
    for row in measured.rows:
        assert row.synops_effective <= row.synops <= row.synops_dense


@given(case=cases())
def test_rates_and_levels_are_those_of_the_trace(case: tuple[ir.Network, IntArray]) -> None:
    network, x = case
    trace = run(network, x)
    for block, row, recorded in zip(network.blocks, activity(network, [(x, trace)]).rows, trace.blocks, strict=True):
        if "spikes" in recorded:
            assert row.spike_rate == pytest.approx(recorded["spikes"].mean())
        else:
            assert row.spike_rate is None
        membrane = getattr(block.neuron, "membrane", None)
        if membrane is None:
            assert row.levels == ()
            continue
        assert [level for level, _ in row.levels] == list(range(membrane.q_min, membrane.q_max + 1))
        for level, share in row.levels:
            assert share == pytest.approx((recorded["v"] == level * 2**membrane.step_exp).mean())


def test_chunks_add_up_to_the_whole() -> None:
    network, x, trace = classified()
    chunks = [(x[:, part], run(network, x[:, part])) for part in (slice(0, 1), slice(1, 4), slice(4, 6))]
    assert activity(network, iter(chunks)) == activity(network, [(x, trace)])


def test_spikes_and_graded_values_are_told_apart() -> None:
    network, x, trace = classified()
    rows = {row.name: row for row in activity(network, [(x, trace)]).rows}
    assert rows["conv-1"].synops_graded > 0 == rows["conv-1"].synops_spikes
    assert rows["pool"].synops_spikes > 0 == rows["pool"].synops_graded
    assert rows["conv-2"].synops_graded > 0 == rows["conv-2"].synops_spikes
    assert rows["dense"].synops_spikes == 6 * trace.blocks[2]["spikes"].sum() / 6
    assert rows["readout"].synops_dense == 4 * 6 * 3


def test_a_closed_gate_costs_nothing_and_an_open_one_all() -> None:
    network = classifier()
    first = network.blocks[0]
    for value, share in ((1, 1.0), (-1, 0.0)):
        always = ir.Block("gate", first.branches, ir.Threshold(), [value * 2**22] * 4)
        pooled = ir.Block("cell", (ir.Branch(ir.Conv(np.ones((1, 4, 6, 4)), 1), [1], 0, 0),), ir.Threshold(0), [0])
        masked = replace(first, gates=(ir.Gate(1),))
        x = np.random.default_rng(1).integers(0, 256, (3, 2, 1, 6, 5))
        made = ir.Network(network.input, (always, pooled, masked))
        row = activity(made, [(x, run(made, x))]).rows[2]
        plain = ir.Network(network.input, (first,))
        expected = activity(plain, [(x, run(plain, x))]).rows[0]
        assert row.open_share == share
        assert expected.open_share is None
        assert (row.synops, row.synops_effective) == (share * expected.synops, share * expected.synops_effective)
        assert row.synops_dense == expected.synops_dense


def test_silence_causes_nothing() -> None:
    network = stock()
    x = np.zeros((3, 2, 3), dtype=np.int32)
    measured = activity(network, [(x, run(network, x))])
    assert measured.rows[0].synops == 0
    assert measured.rows[0].spike_rate == 0


def test_in_lavas_time_what_arrives_after_the_end_is_not_counted() -> None:
    network = stock()
    x = np.ones((3, 1, 3), dtype=np.int32)
    timing = ir.Timing(pipelined=True)
    measured = activity(network, [(x, run(network, x, timing))], timing)
    assert measured.rows[0].synops == 2 * 3 * 2


def test_network_means() -> None:
    network, x, trace = classified()
    measured = activity(network, [(x, trace)])
    spikes = sum(int(block["spikes"].sum()) for block in trace.blocks if "spikes" in block)
    places = sum(block["spikes"].size for block in trace.blocks if "spikes" in block)
    assert measured.spike_rate == pytest.approx(spikes / places)
    assert measured.synops == pytest.approx(sum(brute_force(network, x, trace)) / 6)
    assert (measured.samples, measured.steps) == (6, 4)


def test_other_input_is_refused() -> None:
    network, x, trace = classified()
    with pytest.raises(TraceError, match="samples: found none"):
        activity(network, [])
    with pytest.raises(TraceError, match=r"input: found \(4, 5, 1, 6, 5\), expected \(4, 6, 1, 6, 5\)"):
        activity(network, [(x[:, 1:], trace)])
    with pytest.raises(TraceError, match="time steps: found 2, expected 4"):
        activity(network, [(x, trace), (x[:2], run(classifier(), x[:2]))])


def test_spikes_of_a_gate_must_be_in_the_trace() -> None:
    network = gated()
    x = np.zeros((2, 1, 2, 3, 4), dtype=np.int32)
    trace = run(network, x)
    silent = tuple({name: v for name, v in block.items() if name != "spikes"} for block in trace.blocks[1:3])
    with pytest.raises(TraceError, match=r"block 'channels': spikes: found only \['v'\] in the trace"):
        open_neurons(network, 3, Trace((trace.blocks[0], *silent, *trace.blocks[3:]), trace.output))


def test_an_unknown_synapse_is_refused() -> None:
    x = np.zeros((1, 1, 2), dtype=np.int32)
    with pytest.raises(TypeError, match="found object, expected Dense, Conv, SumPool, Identity"):
        open_operations(object(), x, x == 0)  # type: ignore[arg-type]
