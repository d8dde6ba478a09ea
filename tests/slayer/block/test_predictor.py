"""Predictors: their logits, what they are taught, and weights that always fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.block import predictor as predictor_module
from lava_spquant.slayer.block.predictor import Predictor, membrane_potentials
from lava_spquant.slayer.gate import GateConfig, target_mask
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.membrane import TERNARY, MembraneConfig, n_bit
from lava_spquant.slayer.neuron import ClipConfig, ClipNeuron, QLif, QLifConfig, ThresholdNeuron
from lava_spquant.slayer.quant import FullPrecision, Sawb, Ternary, Uniform
from lava_spquant.slayer.stream import SPIKES, Stream

NEURON = QLif(QLifConfig())


def spikes(*shape: int, seed: int = 0) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.4).float()


def made(kind: str, inputs: int, outputs: int, size: tuple[int, int], **options: object) -> Predictor:
    torch.manual_seed(1)
    predictor = Predictor(kind, inputs, outputs, size, GateConfig(kind, **options))  # type: ignore[arg-type]
    predictor.set_reads(SPIKES)
    return predictor


def normalised(z: Tensor, offset: float) -> Tensor:
    """Batch-norm over all but axis 2 of (T, N, C, ...), by its definition."""
    axes = [axis for axis in range(z.ndim) if axis != 2]
    mean = z.mean(axes, keepdim=True)
    return (z - mean) / ((z - mean).square().mean(axes, keepdim=True) + 1e-5).sqrt() + offset


def test_channel_logits_by_hand() -> None:
    predictor = made("channel", 3, 4, (2, 5), weight="none")
    x = spikes(6, 3, 2, 5, 2)
    weight = predictor.block.synapse.weight[:, :, 0, 0]  # type: ignore[index]
    logits = normalised(torch.einsum("kc,nct->tnk", weight, x.mean((2, 3))), 2.0)
    # Spikes of the gated block, 1 where its current is above 1: 5, 0, 1 and 4 of 10 places.
    current = torch.zeros(2, 6, 4, 10)
    for channel, count in enumerate((5, 0, 1, 4)):
        current[:, :, channel, :count] = 1.5
    predictor.share = 0.9
    mask, loss = predictor.learn(x, current.unflatten(3, (2, 5)), NEURON)
    assert torch.equal(mask, (logits > 0).float()[..., None, None])
    wanted = torch.tensor([1.0, 0, 0, 1]).expand(2, 6, 4)
    torch.testing.assert_close(loss, binary_cross_entropy_with_logits(logits, wanted))


def test_spatial_logits_by_hand() -> None:
    predictor = made("spatial", 2, 4, (4, 6), weight="none")
    x = spikes(3, 2, 4, 6, 2)
    weight = predictor.block.synapse.weight  # type: ignore[union-attr]
    sums = x.movedim(-1, 0).unfold(3, 2, 2).unfold(4, 2, 2).sum((5, 6)) / 4
    z = torch.nn.functional.conv2d(sums.flatten(0, 1), weight, padding=1).unflatten(0, (2, 3))  # type: ignore[arg-type]
    logits = normalised(z, 2.0)
    # Potentials of half the threshold in two cells and far below it elsewhere; stride 2 leaves one place per cell.
    current = torch.full((2, 3, 4, 2, 3), -1.0)
    current[..., 0, 1] = current[..., 1, 2] = 0.5
    mask, loss = predictor.learn(x, current, QLif(QLifConfig(membrane=None, voltage_decay=1.0)))
    assert mask.shape == (2, 3, 1, 2, 3)
    assert torch.equal(mask, (logits > 0).float())
    wanted = target_mask(torch.tensor([0.0, 0.5, 0, 0, 0, 0.5]), predictor.share).reshape(2, 3)
    assert wanted.sum() == 1  # both together are more than the share
    torch.testing.assert_close(loss, binary_cross_entropy_with_logits(logits, wanted.expand_as(logits)))


def test_cells_that_are_cut_short_are_judged_by_what_they_hold() -> None:
    predictor = made("spatial", 2, 4, (9, 6), cell=3)
    # 3 rows of cells over 5 rows of places: the last holds one row.
    current = torch.full((1, 1, 1, 5, 3), 0.25)
    current[..., 4, :] = 0.75
    mass = predictor._mass(current, QLif(QLifConfig()))
    torch.testing.assert_close(mass.flatten(), torch.tensor([0.25, 0.25, 0.25, 0.25, 0.75, 0.75]))


def test_the_activity_of_graded_neurons_has_no_sign() -> None:
    predictor = made("channel", 2, 3, (1, 1))
    current = torch.tensor([-1.0, 0.5, 0.0]).reshape(1, 1, 3, 1, 1)
    assert predictor._mass(current, ClipNeuron(ClipConfig(4))).flatten().tolist() == [1.0, 0.5, 0.0]
    assert predictor._mass(current, ThresholdNeuron()).flatten().tolist() == [0.0, 0.5, 0.0]


def test_a_channel_is_as_active_as_its_highest_potential() -> None:
    predictor = made("channel", 2, 3, (2, 2))
    current = torch.tensor([[0.1, 0.9, -3, 0], [2.5, 0, 0, 0], [-1, -2, -1, -4]]).reshape(1, 1, 3, 2, 2)
    kept = QLif(QLifConfig(membrane=None, voltage_decay=0.0))
    # Of the second step: what is kept of 0.9 adds up, and a neuron that fired begins at 0 again.
    mass = predictor._mass(current.expand(2, -1, -1, -1, -1), kept)
    torch.testing.assert_close(mass, torch.tensor([[[0.9, 2.5, 0.0]], [[1.8, 2.5, 0.0]]]))


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("levels", [TERNARY, n_bit(4), MembraneConfig(-3, 1), None])
@pytest.mark.parametrize("threshold", [1.0, 0.7])
def test_potentials_follow_the_equations(reset: str, levels: MembraneConfig | None, threshold: float) -> None:
    config = QLifConfig(threshold, 0.25, reset, levels, learn_threshold="channel")
    neuron = QLif(config, 2)
    assert neuron.vth is not None
    neuron.vth.data = torch.tensor([threshold, 2 * threshold])
    current = torch.randn(6, 3, 2, 2, 1, generator=torch.Generator().manual_seed(0))
    found = membrane_potentials(current, neuron)
    for n, c, h in np.ndindex(3, 2, 2):
        v = 0.0
        for t in range(6):
            m = 0.75 * v + float(current[t, n, c, h, 0]) / (threshold * (1 + c))
            assert float(found[t, n, c, h, 0]) == pytest.approx(m, abs=1e-5)
            v = (0.0 if reset == "hard" else m - 1) if m > 1 else m
            if levels is not None:
                scale = 2**levels.fine
                v = min(max(np.floor(v * scale + 0.5), levels.q_min), levels.q_max) / scale
    assert not found.requires_grad


def test_potentials_are_the_deployed_ones() -> None:
    torch.manual_seed(0)
    neuron = {"threshold": 0.7, "membrane": "none", "voltage_decay": 0.25}
    part = block.Conv(neuron, 2, 5, 3, padding=1, weight="sawb8", batch_norm=True)
    network = SpikingNetwork([part], ir.InputSpec((2, 4, 6)))
    x = spikes(3, 2, 4, 6, 5)
    part.branches[0].norm.momentum = 1.0  # type: ignore[union-attr, assignment]
    network(x)
    trace = reference.run(network.eval().to_ir(), time_major(x).numpy().astype(int)).blocks[0]
    found = membrane_potentials(part.current([time_major(x)]), part.neuron).numpy() * 2**12
    silent = trace["spikes"] == 0
    assert 0.2 < silent.mean() < 0.9
    # What is stored after a spike is 0; a step rounds by up to a unit, of which three quarters stay.
    np.testing.assert_allclose(found[silent], trace["v"][silent], atol=6)
    assert (found[~silent] > 2**12 - 6).all()


def test_stateless_neurons_have_their_current() -> None:
    current = torch.randn(3, 2, 4, 2, 2)
    assert membrane_potentials(current, ClipNeuron(ClipConfig())) is current


@pytest.mark.parametrize("kind", ["channel", "spatial"])
def test_the_target_can_be_learned(kind: str) -> None:
    predictor = made(kind, 12, 5, (4, 4))
    x = spikes(3, 12, 4, 4, 2)
    current = torch.randn(2, 3, 5, 4, 4, generator=torch.Generator().manual_seed(3))
    wanted = target_mask(predictor._mass(current, NEURON), predictor.share)
    assert 0.2 < float(wanted.mean()) < 0.9
    optimizer = torch.optim.Adam(predictor.parameters(), 0.1)
    losses = []
    for _ in range(60):
        mask, loss = predictor.learn(x, current, NEURON)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    assert torch.equal(mask.flatten(2), wanted)


@pytest.mark.parametrize("joint", [False, True])
def test_one_sample_at_one_step_goes_by_running_statistics(joint: bool) -> None:
    predictor = made("channel", 3, 4, (2, 2), joint=joint)
    with pytest.raises(ValueError, match="batch-norm: found 1 value per channel, expected at least 2 in training: mor"):
        predictor.learn(spikes(1, 3, 2, 2, 1), torch.zeros(1, 1, 4, 2, 2), NEURON)
    for seed in range(60):
        predictor.learn(spikes(8, 3, 2, 2, 2, seed=seed), torch.zeros(2, 8, 4, 2, 2), NEURON)
    x = spikes(1, 3, 2, 2, 1, seed=99)
    with torch.no_grad():
        mask, _ = predictor.learn(x, torch.ones(1, 1, 4, 2, 2), NEURON)
    assert torch.equal(mask, time_major(predictor.eval()(x)))
    loss = predictor.train().learn(x, torch.ones(1, 1, 4, 2, 2), NEURON)[1]
    loss.backward()
    assert math.isfinite(loss.item())
    assert predictor.block.branches[0].norm.bias.grad.isfinite().all()  # type: ignore[union-attr]


@pytest.mark.parametrize(("offset", "expected"), [(3.0, 0.55), (20.0, 0.6), (-20.0, 0.0)])
def test_the_budget_costs_only_what_is_open_beyond_it(offset: float, expected: float) -> None:
    torch.manual_seed(0)
    predictor = made("channel", 3, 4, (2, 2), joint=True)
    assert predictor.block.branches[0].norm is not None
    predictor.block.branches[0].norm.bias.data.fill_(offset)  # type: ignore[operator, union-attr]
    predictor.share = 0.4
    mask, loss = predictor.learn(spikes(4, 3, 2, 2, 2), torch.zeros(2, 4, 4, 2, 2), NEURON)
    assert loss.item() == pytest.approx(expected, abs=0.1 if offset == 3 else 1e-5)
    assert float(mask.mean()) == pytest.approx(offset > 0, abs=0.1)
    loss.backward()
    bias = predictor.block.branches[0].norm.bias
    # So far out, the sigmoid is flat.
    assert bool((bias.grad > 0).all() if offset == 3 else (bias.grad == 0).all())  # type: ignore[union-attr, operator]


@pytest.mark.parametrize(("others", "paid"), [(10.0, True), (-10.0, False)])
def test_a_budget_is_judged_by_all_processes(monkeypatch: pytest.MonkeyPatch, others: float, paid: bool) -> None:
    """This process's samples may be within the budget or not: what counts is all of them."""
    told: list[Tensor] = []

    def summed(own: Tensor) -> Tensor:
        told.append(own)
        return own + others

    monkeypatch.setattr(predictor_module, "spans_processes", lambda: True)
    monkeypatch.setattr(predictor_module, "sum_over_processes", summed)
    for share in (0.3, 0.9999):
        torch.manual_seed(0)
        predictor = made("channel", 3, 4, (2, 2), joint=True)
        predictor.share = share
        _, loss = predictor.learn(spikes(4, 3, 2, 2, 2), torch.zeros(2, 4, 4, 2, 2), NEURON)
        own = float(told.pop()) / 4  # a sum over four samples
        assert (own > 0) == (share == 0.3)
        assert loss.item() == pytest.approx(own if paid else 0.0)
        loss.backward()
        bias = predictor.block.branches[0].norm.bias  # type: ignore[union-attr]
        assert bool((bias.grad > 0).all() if paid else (bias.grad == 0).all())  # type: ignore[union-attr, operator]


@torch.no_grad()
def test_where_nothing_is_trained_joint_masks_are_the_deployed_ones() -> None:
    torch.manual_seed(0)
    predictor = made("channel", 3, 4, (2, 2), joint=True)
    predictor.block.branches[0].norm.bias.data.zero_()  # type: ignore[operator, union-attr]
    x = spikes(64, 3, 2, 2, 2)
    masks = [predictor.learn(x, torch.zeros(2, 64, 4, 2, 2), NEURON)[0] for _ in range(2)]
    assert torch.equal(*masks)
    assert 0.2 < float(masks[0].mean()) < 0.8
    with torch.enable_grad():
        drawn, _ = predictor.learn(x, torch.zeros(2, 64, 4, 2, 2), NEURON)
    assert not torch.equal(drawn, masks[0])


@pytest.mark.parametrize(("size", "cell"), [((5, 6), 2), ((6, 5), 2), ((6, 6), 4)])
def test_cells_that_do_not_tile_the_input_are_refused(size: tuple[int, int], cell: int) -> None:
    with pytest.raises(
        ValueError, match=rf"gates: cell: found {cell}, expected a divisor of the block's input \({size[0]}"
    ):
        made("spatial", 2, 3, size, cell=cell)
    assert made("channel", 2, 3, size, cell=cell).cells == (1, 1)


@pytest.mark.parametrize(
    ("weight", "reads", "size", "expected"),
    [
        ("sawb8", SPIKES, (8, 8), Sawb(8)),
        ("sawb8", SPIKES, (48, 48), Uniform(6)),
        ("sawb8", Stream(0, 4, 0.25), (48, 48), Uniform(4)),
        ("sawb8", Stream(-2, 1), (48, 48), Uniform(5)),
        ("int5", SPIKES, (48, 48), Uniform(5)),
        ("ternary", SPIKES, (96, 96), Ternary()),
        ("none", SPIKES, (48, 48), FullPrecision(4095)),
    ],
)
def test_weights_are_as_wide_as_sums_allow(weight: str, reads: Stream, size: tuple[int, int], expected: object) -> None:
    predictor = Predictor("channel", 64, 3, size, GateConfig(weight=weight))
    for stream in (Stream(0, 7), reads):
        predictor.set_reads(stream)
    assert predictor.block.synapse.quantiser == expected  # type: ignore[union-attr]
    # The worst that training could come to: every weight the largest.
    predictor.block.synapse.weight.data.fill_(0.5)  # type: ignore[union-attr, operator]
    source = ir.InputSpec((64, *size), reads.bits, reads.signed)
    pool = predictor.pool.to_ir_block("pool", [source.shape])
    gate = predictor.block.to_ir_block("gate", [(64, 1, 1)], [0])
    assert ir.Network(source, (pool, gate)).output_shape == (3, 1, 1)


def test_sums_without_room_for_weights_are_refused() -> None:
    predictor = Predictor("channel", 64, 3, (400, 400), GateConfig())
    with pytest.raises(ValueError, match="gates: sums: found up to 10240000 in front of weights, expected at most"):
        predictor.set_reads(SPIKES)
