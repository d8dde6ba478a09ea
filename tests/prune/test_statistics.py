"""What channels do on data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.prune import CRITERIA, channel_statistics, scores
from lava_spquant.prune.statistics import target_mask
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.norm import renormalise
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


def made(architecture: str, weight: str) -> ir.Network:
    """Return a network of 8x8 images whose first channel, and only that one, can never fire."""
    torch.manual_seed(0)
    config = ConvNetConfig(architecture, weight, surrogate="asymmetric" if "B" in architecture else "triangle")
    model = build_convnet(config, ir.InputSpec((1, 8, 8), 8), 10)
    x = torch.randint(0, 256, (32, 1, 8, 8, 1)).float()
    renormalise(model, [x.expand(-1, -1, -1, -1, 1 if "B" in architecture else 3)])
    return model.eval().to_ir()


def silenced(network: ir.Network, index: int) -> ir.Network:
    """Return the network with channel 0 of a block far below its threshold."""
    blocks = list(network.blocks)
    bias = blocks[index].bias.copy()
    bias[0] = -(2**20)
    blocks[index] = replace(blocks[index], bias=bias)
    return replace(network, blocks=tuple(blocks))


@pytest.mark.parametrize(
    ("architecture", "weight", "spiking"),
    [("6p2-8-FC", "ternary", "join"), ("C4-B4-B4-FC", "binary-standard", "binarise"), ("6-MP2-FC", "ternary", "conv0")],
)
def test_a_width_is_judged_by_its_blocks_that_spike(architecture: str, weight: str, spiking: str) -> None:
    net = made(architecture, weight)
    width = ir.widths(net)[0]
    own = [b for b in width.blocks if spiking in net.blocks[b].name]
    for index in own:
        net = silenced(net, index)
    trace = reference.run(net, np.random.default_rng(0).integers(0, 256, (2, 16, 1, 8, 8)))
    seen = channel_statistics(net, [trace])[0]
    rates = [trace.blocks[b]["spikes"].mean(axis=(0, 1, 3, 4)) for b in own]
    np.testing.assert_allclose(seen.rate, np.mean(rates, axis=0))
    assert seen.rate[0] == seen.duty[0] == seen.singular[0] == 0 < seen.rate[1:].max() < 0.99
    assert seen.weight.shape == seen.rate.shape
    for criterion in ("membrane", "duty", "spike-rate", "singular"):
        assert scores(criterion, [seen])[0].argmin() == 0


def test_the_weights_of_a_pooled_convolution_count_with_the_gain_behind_its_pool() -> None:
    net = made("6p2-8-FC", "ternary")
    (conv, join) = (net.blocks[b] for b in ir.widths(net)[0].blocks)
    assert isinstance(conv.branches[0].synapse, ir.Conv)
    size = np.abs(conv.branches[0].synapse.weight).mean(axis=(1, 2, 3)) * conv.branches[0].gain
    size = size / 2.0 ** conv.branches[0].shift * np.abs(join.branches[0].gain) / 2.0 ** join.branches[0].shift
    trace = reference.run(net, np.zeros((1, 2, 1, 8, 8), int))
    np.testing.assert_allclose(channel_statistics(net, [trace])[0].weight, size)


def test_a_target_mask_holds_most_of_the_activity() -> None:
    mass = np.array([[5.0, 1.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0], [9.0, 1.0, 0.0, 0.0]])
    wanted = [[True, False, True, False], [False] * 4, [True, False, False, False]]
    assert target_mask(mass, 0.85).tolist() == wanted
    assert target_mask(mass, 1.0).tolist() == [[True] * 4, [False] * 4, [True, True, False, False]]


def test_criteria_and_chance() -> None:
    seen = channel_statistics(network(), [reference.run(network(), np.ones((1, 2, 2, 6, 4), int))])
    silent = seen[0].rate == 0
    assert silent[3]
    assert seen[0].above[3] == 1  # its potential rests at 0, above the lowest level, and says as little
    assert scores("membrane", seen)[0][silent].max() == 0
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
