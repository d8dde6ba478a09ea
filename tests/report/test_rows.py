from __future__ import annotations

import json

import numpy as np
from hypothesis import given

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import run
from lava_spquant.report import (
    Accuracy,
    accuracy_rows,
    activity,
    activity_rows,
    compare,
    comparison_rows,
    comparison_summary,
    memory,
    memory_rows,
    network_rows,
)
from tests.netx.samples import gated
from tests.report.networks import classified, classifier, stock
from tests.report.test_compare import damaged
from tests.strategies import cases


@given(case=cases())
def test_every_report_of_any_network_is_json(case: tuple[ir.Network, IntArray]) -> None:
    network, x = case
    trace = run(network, x)
    comparison = compare(trace, trace, network)
    reports = (
        network_rows(network),
        memory_rows(memory(network)),
        activity_rows(activity(network, [(x, trace)])),
        comparison_rows(comparison),
        [comparison_summary(comparison)],
    )
    for rows in reports:
        assert len(json.loads(json.dumps(rows, allow_nan=False))) == len(rows) > 0


def test_network_rows_say_how_blocks_hang_together() -> None:
    rows = {row["block"]: row for row in network_rows(classifier())}
    assert rows["conv-1"]["synapses"] == ["conv 3x2 p1x0"]
    assert rows["pool"]["synapses"] == ["sum-pool 2x1"]
    assert rows["conv-2"]["synapses"] == ["conv 3x3 p1 g2", "identity"]
    assert rows["conv-2"]["sources"] == ["pool", "pool"]
    assert rows["conv-1"]["sources"] == ["input"]
    assert (rows["conv-2"]["state_bits"], rows["conv-2"]["state_levels"]) == (3, 5)
    assert (rows["readout"]["state_levels"], rows["readout"]["depth"]) == (None, 5)
    assert rows["conv-2"]["weight_bits"] == [1.58, 0.0]


def test_rows_say_what_gates_a_block() -> None:
    network = gated()
    x = np.ones((2, 1, 2, 3, 4), dtype=np.int32)
    rows = {row["block"]: row for row in network_rows(network)}
    assert rows["joined"]["gates"] == ["spatial", "channels", "channel-maps"]
    assert rows["head"]["gates"] == ["channels"]
    assert rows["spatial"]["gates"] == []
    shares = [row["open_share"] for row in activity_rows(activity(network, [(x, run(network, x))]))]
    assert shares[:3] == [None] * 3
    assert all(0 <= share <= 1 for share in shares[3:])


def test_stride_dilation_and_named_streams_are_written_out() -> None:
    conv = ir.Conv([[[[1, 1]]]], 1, stride=(2, 1), dilation=2)
    first = ir.Block("a", (ir.Branch(conv, [64]),), ir.QLif(0, 64), [0])
    second = ir.Block("b", (ir.Branch(ir.SumPool(2, 1), [64], source=0, output="spikes"),), ir.QLif(0, 64), [0])
    rows = network_rows(ir.Network(ir.InputSpec((1, 4, 6)), (first, second)))
    assert rows[0]["synapses"] == ["conv 1x2 /2x1 d2"]
    assert (rows[1]["synapses"], rows[1]["sources"]) == (["sum-pool 2x2"], ["a.spikes"])


def test_memory_rows_end_with_the_total() -> None:
    rows = memory_rows(memory(stock()))
    assert [row["block"] for row in rows] == ["in", "out", "stock"]
    assert rows[-1]["total_bits"] == rows[0]["total_bits"] + rows[1]["total_bits"]
    assert rows[-1]["weights_count"] == 8


def test_a_mismatch_is_told_in_full() -> None:
    network, _, trace = classified()
    summary = comparison_summary(compare(trace, damaged((3, "spikes", (1, 2, 4))), network))
    before = int(trace.blocks[3]["spikes"][1, 2, 4])
    assert summary["mismatches"] == 1
    assert summary["equal"] is False
    assert summary["first"] == {
        "step": 1, "block": 3, "stream": "spikes", "sample": 2, "index": (4,), "a": before, "b": before + 1,
    }  # fmt: skip


def test_accuracy_rows_have_no_nan() -> None:
    rows = accuracy_rows([Accuracy("slayer", 4, 3), Accuracy("lava", 0, 0, 10, 0)])
    assert [row["accuracy"] for row in rows] == [0.75, None]
    assert rows[1]["spikes_compared"] == 10
