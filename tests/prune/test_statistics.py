"""What channels do on data."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.prune import CRITERIA, channel_statistics, scores
from lava_spquant.prune.statistics import target_mask
from tests.prune.gated_models import gated_pair, images


def network() -> ir.Network:
    rng = np.random.default_rng(0)
    first = ir.Conv(rng.integers(-3, 4, (5, 2, 3, 3)), 3, padding=1)
    neuron = ir.QLif(2048, 64, "hard", ir.Membrane(6, -1, 1))
    return ir.Network(
        ir.InputSpec((2, 6, 4), 4),
        (
            ir.Block("conv", (ir.Branch(first, [9, 5, 3, 0, 12]),), neuron, [0, 40, -60, 0, -900]),
            ir.Block("pool", (ir.Branch(ir.SumPool(2), np.ones(5, int), source=0),), ir.Relay(), np.zeros(5, int), 0),
            ir.Block(
                "out", (ir.Branch(ir.Dense(np.ones((3, 30), int), 2), np.ones(3, int), source=1),), ir.Readout(),
                np.zeros(3, int),
            ),
        ),
    )  # fmt: skip


def test_statistics_are_those_of_all_runs_together() -> None:
    net = network()
    x = np.random.default_rng(1).integers(0, 16, (3, 8, 2, 6, 4))
    whole = reference.run(net, x)
    (conv, out) = channel_statistics(net, [reference.run(net, part) for part in (x[:, :5], x[:, 5:])])
    spikes, v = whole.blocks[0]["spikes"], whole.blocks[0]["v"]
    np.testing.assert_allclose(conv.rate, spikes.mean(axis=(0, 1, 3, 4)))
    np.testing.assert_allclose(conv.above, (v > -64).mean(axis=(0, 1, 3, 4)))
    nuclear = [[np.linalg.norm(image, "nuc", axis=(1, 2)) for image in step] for step in spikes.astype(float)]
    np.testing.assert_allclose(conv.singular, np.mean(nuclear, axis=(0, 1)), rtol=1e-5)
    gain = np.array([9, 5, 3, 0, 12])
    np.testing.assert_allclose(
        conv.weight, np.abs(net.blocks[0].branches[0].synapse.weight).mean(axis=(1, 2, 3)) * gain
    )  # type: ignore[attr-defined]
    assert conv.rate[3] == conv.duty[3] == conv.singular[3] == 0 < conv.rate[1]
    assert conv.above[4] < conv.above[3] == 1  # one rests on the lowest level, the other on zero
    assert len(out.rate) == 3


def test_a_target_mask_holds_most_of_the_activity() -> None:
    mass = np.array([[5.0, 1.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0], [9.0, 1.0, 0.0, 0.0]])
    wanted = [[True, False, True, False], [False] * 4, [True, False, False, False]]
    assert target_mask(mass, 0.85).tolist() == wanted
    assert target_mask(mass, 1.0).tolist() == [[True] * 4, [False] * 4, [True, True, False, False]]


def test_criteria_and_chance() -> None:
    seen = channel_statistics(network(), [reference.run(network(), np.ones((1, 2, 2, 6, 4), int))])
    for name in CRITERIA:
        assert [len(values) for values in scores(name, seen)] == [5, 3]
    assert np.array_equal(scores("random:3", seen)[0], scores("random:3", seen)[0])
    assert not np.array_equal(scores("random:3", seen)[0], scores("random:4", seen)[0])
    for wrong in ("size", "random", "random:x"):
        with pytest.raises(ValueError, match="criterion: found"):
            scores(wrong, seen)


def test_no_data_is_refused() -> None:
    with pytest.raises(ValueError, match="traces: found none"):
        channel_statistics(network(), [])


def test_what_a_predictor_does_is_no_part_of_its_channels() -> None:
    net, _ = gated_pair("channel")
    x = images(3)
    trace = reference.run(net, x)
    seen = {width.blocks: one for width, one in zip(ir.widths(net), channel_statistics(net, [trace]), strict=True)}
    for index, block in enumerate(net.blocks):
        if block.gates:
            (found,) = (one for blocks, one in seen.items() if index in blocks)
            spikes = trace.blocks[index]["spikes"]
            opened = trace.blocks[block.gates[0].source]["spikes"]
            np.testing.assert_allclose(found.rate, spikes.mean(axis=(0, 1, 3, 4)))
            assert not np.allclose(found.rate, opened.mean(axis=(0, 1, 3, 4)))
