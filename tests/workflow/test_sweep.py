"""Raised thresholds: what changes in the network, and what is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lava_spquant import data, ir
from lava_spquant.ir import reference
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.report import Accuracy
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.workflow import evaluate, load
from lava_spquant.workflow.sweep import OperatingPoint, choose, halves, raise_thresholds, sweep
from tests.paths import ROOT

DIGITS = ROOT / "netx_models" / "digits.net"


def network(neuron: ir.Neuron, frac_bits: int = 6) -> ir.Network:
    block = ir.Block("b", (ir.Branch(ir.Identity(), np.ones(3)),), neuron, np.zeros(3, int), frac_bits)
    return ir.Network(ir.InputSpec((3,), 8), (block,))


@pytest.mark.parametrize(
    ("neuron", "by", "vth"),
    [
        (ir.QLif(2048, 64), 0.25, 80),
        (ir.QLif(2048, 64, "soft", ir.Membrane(6, -1, 1)), 0.0, 64),
        (ir.Cuba(0, 4096, 640), 0.26, 832),  # 806.4, as a multiple of 64
        (ir.Cuba(0, 4096, 65), 0.1, 71),
        (ir.Threshold(0), 0.5, 32),
    ],
    ids=str,
)
def test_thresholds_rise_and_nothing_else(neuron: ir.Neuron, by: float, vth: int) -> None:
    before = network(neuron)
    (after,) = raise_thresholds(before, by).blocks
    assert after.neuron.vth == vth  # type: ignore[attr-defined]
    assert type(after.neuron) is type(neuron)
    assert after.branches is before.blocks[0].branches
    x = np.random.default_rng(0).integers(0, 256, (5, 4, 3))
    quiet, loud = (reference.run(n, x).output for n in (raise_thresholds(before, by), before))
    assert quiet.sum() <= loud.sum()


def test_predictors_keep_theirs() -> None:
    gate = ir.Block("gate", (ir.Branch(ir.Identity(), np.ones(3)),), ir.Threshold(0), np.zeros(3, int))
    gated = replace(network(ir.QLif(2048, 64)).blocks[0], gates=(ir.Gate(0),))
    before = ir.Network(ir.InputSpec((3,), 8), (gate, gated))
    first, second = raise_thresholds(before, 0.25).blocks
    assert first is gate
    assert second.neuron.vth == 80  # type: ignore[attr-defined]


def test_the_maximum_of_spikes_keeps_its_own() -> None:
    torch.manual_seed(0)
    made = build_convnet(ConvNetConfig("6-MP2-6-FC"), ir.InputSpec((1, 8, 8), 8), 10).eval().to_ir()
    found = raise_thresholds(made, 1.0)
    pools = [k for k in range(len(made.blocks)) if ir.is_max_pool(made, k)]
    assert [made.blocks[k].name for k in pools] == ["pool1"]
    for index, (old, new) in enumerate(zip(made.blocks, found.blocks, strict=True)):
        assert (new is old) == (index in pools or not hasattr(old.neuron, "vth"))


def test_graded_neurons_have_none() -> None:
    for neuron in (ir.Readout(), ir.Relay(), ir.Clip(-9, 9)):
        assert raise_thresholds(network(neuron), 1.0).blocks[0].neuron == neuron


@pytest.mark.parametrize(("by", "message"), [(-0.1, "found -0.1"), (2.0, "found 16777214, expected at most")])
def test_what_cannot_be_raised(by: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        raise_thresholds(network(ir.QLif(0, STATE_MAX)), by) if by < 0 else raise_thresholds(
            network(ir.QLif(0, STATE_MAX - 1)), 1 + 2 / (STATE_MAX - 1)
        )


def test_a_sweep_measures_what_evaluation_does() -> None:
    found, split = load(DIGITS), data.digits().test.take(slice(0, 60))
    points = list(sweep(found.network, split, found.known_steps(), (0.0, 0.3, 50.0)))
    assert [p.raised for p in points] == [0.0, 0.3, 50.0]
    for point in points:
        raised = raise_thresholds(found.network, point.raised)
        assert point.accuracy.correct == evaluate(raised, split, found.known_steps()).result.correct
    synops = [p.synops_spikes for p in points]
    assert synops[0] > synops[1] > synops[2] == 0
    assert points[2].spike_rate == 0


def test_one_half_chooses_and_the_other_judges() -> None:
    split = data.digits().test.take(np.tile([0, 1], 100))  # two images in turn, as a file may have its classes
    choosing, judging = halves(split)
    assert len(choosing) == len(judging) == 100
    for half in (choosing, judging):
        assert 30 < (half.labels == split.labels[0]).sum() < 70
        assert halves(split)[half is judging].labels.tolist() == half.labels.tolist()
    everything = [image.tobytes() for half in (choosing, judging) for image in half.images]
    assert sorted(everything) == sorted(image.tobytes() for image in split.images)
    with pytest.raises(ValueError, match="found 1 samples, expected at least 2"):
        halves(split.take(slice(0, 1)))


def point(raised: float, correct: int, synops: float) -> OperatingPoint:
    return OperatingPoint(raised, Accuracy("engine", 1000, correct), 0.1, synops, 0.0)


def test_the_chosen_point_saves_most_of_those_that_lose_little() -> None:
    points = [point(0, 900, 100), point(0.1, 895, 70), point(0.2, 890, 60), point(0.3, 889, 50)]
    assert choose(points, 1.0).raised == 0.2
    assert choose(points, 0.0).raised == 0
    assert choose(points, 5.0).raised == 0.3
    with pytest.raises(ValueError, match="found 0 points"):
        choose([], 1.0)
