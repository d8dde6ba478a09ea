"""FLOPs by the paper's count beside the operations that happen: by hand, at any batch, open and closed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from lava_spquant import ir
from lava_spquant.ir.reference import run
from lava_spquant.prune import cost, gate_blocks, without_gates
from lava_spquant.report import Flops, activity, flops, flops_figure, flops_rows
from tests.prune.gated_models import gated_pair, images
from tests.strategies import cases


def tiny(first_bias: int = -1, second_bias: int = 1) -> ir.Network:
    """Pool, channel gate, gated convolution and read-out on (1, 2, 2) spikes.

    With s spikes at a step, the first channel is open where s + first_bias > 0, the second where -s + second_bias > 0.
    """
    gate = ir.Branch(ir.Conv([[[[1]]], [[[-1]]]], 1.58), [1, 1], source=0)
    conv = ir.Branch(ir.Conv(np.ones((2, 1, 3, 3)), 1.58, padding=1), [64, 64])
    blocks = (
        ir.Block("sum", (ir.Branch(ir.SumPool(2), [1]),), ir.Relay(), [0], 0),
        ir.Block("gate", (gate,), ir.Threshold(), [first_bias, second_bias], 0),
        ir.Block("gated", (conv,), ir.QLif(2048, 64), [0, 0], gates=(ir.Gate(1),)),
        ir.Block("readout", (ir.Branch(ir.Dense(np.ones((1, 8)), 1.58), [1], source=2),), ir.Readout(), [0]),
    )
    return ir.Network(ir.InputSpec((1, 2, 2)), blocks, "tiny")


def two_samples() -> ir.IntArray:
    """Return two steps of an image with all four spikes, and of one with a spike at the first step alone."""
    x = np.zeros((2, 2, 1, 2, 2), dtype=np.int32)
    x[:, 0] = 1
    x[0, 1, 0, 0, 1] = 1
    return x


def counted(network: ir.Network, x: ir.IntArray) -> Flops:
    return flops(network, activity(network, [(x, run(network, x))]), gate_blocks(network))


def test_a_network_counted_by_hand() -> None:
    found = counted(tiny(), two_samples())
    pool, gate, gated, readout = found.rows
    assert [row.predictor for row in found.rows] == [True, True, False, False]
    # Two steps: 4 sums; 2 channels of 1 weight; 2 x 2 x 2 neurons of 9 weights; 8 weights.
    assert [row.multiply_adds for row in found.rows] == [2 * 4, 2 * 2, 2 * 8 * 9, 2 * 8]
    assert [row.updates for row in found.rows] == [0, 0, 2 * 8, 2 * 1]
    # Of 2 samples x 2 steps x 2 channels: the first is open twice, for the full image; the second at the empty step.
    assert (pool.open_share, gate.open_share, gated.open_share, readout.open_share) == (None, None, 3 / 8, None)
    assert gated.gated == 160 * 3 / 8
    assert (found.dense, found.gated, found.predictors, found.total) == (160 + 18, 60 + 18, 12, 90)
    assert found.cut == 178 / 90
    # Means of two samples. 8 and 1 spikes are summed; 3 sums arrive at both channels; at each of 2 steps 4 places of
    # the open channel see all 4 spikes; these 4 neurons spike at both steps.
    assert [row.synops for row in found.rows] == [9 / 2, 3 * 2 / 2, 2 * 4 * 4 / 2, 2 * 4 / 2]
    assert (found.synops, found.synops_predictors) == (27.5, 7.5)


def test_a_batch_twice_as_large_changes_nothing() -> None:
    for network, x in ((tiny(), two_samples()), (gated_pair("both")[0], images(3, samples=3))):
        once, twice = (counted(network, np.concatenate([x] * times, axis=1)) for times in (1, 2))
        assert once == twice
        assert counted(network, x[:, :1]).dense == once.dense


def test_chunks_change_nothing() -> None:
    network, x = tiny(), two_samples()
    parts = [(x[:, part], run(network, x[:, part])) for part in (slice(0, 1), slice(1, 2))]
    assert flops(network, activity(network, parts), gate_blocks(network)) == counted(network, x)


def test_open_gates_leave_the_dense_count_and_the_predictors() -> None:
    network = tiny(first_bias=1, second_bias=9)
    found = counted(network, two_samples())
    assert found.rows[2].open_share == 1
    assert found.total == found.dense + 12 == 178 + 12
    plain = counted(without_gates(network), two_samples())
    assert (plain.dense, plain.total, plain.predictors, plain.cut) == (178, 178, 0, 1)
    assert plain.synops == found.synops - found.synops_predictors


def test_closed_gates_leave_the_rest() -> None:
    found = counted(tiny(first_bias=-9, second_bias=-9), two_samples())
    assert (found.gated, found.rows[2].synops, found.rows[3].synops) == (18, 0, 0)


@pytest.mark.parametrize("gates", ["channel", "spatial", "both"])
def test_a_trained_network_before_gates_is_one_without(gates: str) -> None:
    network, plain = gated_pair(gates)
    x = images(5)
    found, expected = counted(network, x), counted(plain, x)
    assert found.dense == expected.dense == expected.total
    assert found.dense - sum(row.updates for row in expected.rows) == len(x) * cost(plain, "operations")
    assert found.gated < found.dense
    assert found.synops < expected.synops + found.synops_predictors


@given(case=cases())
def test_no_more_happens_than_is_counted(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    found = counted(network, x)
    assert found.gated <= found.dense
    assert found.total == pytest.approx(sum(row["gated"] for row in flops_rows(found)))
    for row, block in zip(found.rows, network.blocks, strict=True):
        weighted = all(isinstance(branch.synapse, (ir.Conv, ir.Dense)) for branch in block.branches)
        if weighted or row.predictor:
            assert row.synops <= row.multiply_adds
    flops_figure(found, "any").canvas.draw()


def test_an_account_of_another_network_is_refused() -> None:
    measured = activity(tiny(), [(two_samples(), run(tiny(), two_samples()))])
    with pytest.raises(ValueError, match="flops: activity: found 4 blocks, expected 2"):
        flops(without_gates(tiny()), measured)


def test_where_nothing_is_left_the_cut_is_infinite() -> None:
    found = counted(tiny(-9, -9), two_samples())
    gated = Flops((replace(found.rows[2], open_share=0.0),))
    assert (gated.total, gated.cut) == (0, math.inf)


def test_bars_are_the_counts() -> None:
    found = counted(tiny(), two_samples())
    (ax,) = flops_figure(found, "Gates").axes
    widths = [[bar.get_width() for bar in bars] for bars in ax.containers]
    assert widths == [[160, 18, 0, 178], [60, 18, 12, 90], [16, 4, 7.5, 27.5]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["gated", "readout", "predictors", "whole network"]
