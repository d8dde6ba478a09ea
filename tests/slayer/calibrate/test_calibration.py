"""Calibration on real digits: trained in float for seconds, quantised without training."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from lava_spquant import data, ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.ir import reference
from lava_spquant.slayer import CubaConfig, SpikingNetwork, block
from lava_spquant.slayer.calibrate import Calibrated, CalibrationConfig, calibrate
from lava_spquant.slayer.loss import LOSSES
from lava_spquant.slayer.membrane import FIVE_LEVEL, TERNARY
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.quant import weight_quantiser
from lava_spquant.slayer.synapse import WeightedSynapse

STEPS = 3


class Digits:
    """Images and labels as the network reads them."""

    def __init__(self) -> None:
        splits = data.load("digits")
        self.x, self.y = self.of(splits.train)
        self.test_x, self.test_y = self.of(splits.test)

    @staticmethod
    def of(split: data.ImageSplit) -> tuple[Tensor, Tensor]:
        return to_nchwt(torch.tensor(split.images), STEPS), torch.tensor(split.labels)

    @torch.no_grad()
    def accuracy(self, model: SpikingNetwork) -> float:
        """Of the integers."""
        scores = model.eval()(self.test_x)[..., -1]
        return float((scores.argmax(dim=1) == self.test_y).float().mean())

    def train(self, model: SpikingNetwork, epochs: int, rate: float) -> None:
        loss, generator = LOSSES["tet"](0.05), torch.Generator().manual_seed(0)
        optimizer = torch.optim.Adam(model.parameters(), rate)
        steps = epochs * -(-len(self.x) // 64)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
        for _ in range(epochs):
            model.train()
            for rows in torch.randperm(len(self.x), generator=generator).split(64):
                optimizer.zero_grad()
                loss(model(self.x[rows]), self.y[rows]).backward()
                optimizer.step()
                schedule.step()


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


@pytest.fixture(scope="module")
def trained(digits: Digits) -> SpikingNetwork:
    """A float network: neither weights nor potentials are quantised."""
    torch.manual_seed(0)
    config = ConvNetConfig("8s2-16-FC", "none", "none", "none", "none")
    model = build_convnet(config, ir.InputSpec((1, 8, 8), 8), 10, "digits")
    digits.train(model, 5, 0.01)
    return model.eval()


def calibrated(model: SpikingNetwork, digits: Digits, **options: object) -> Calibrated:
    return calibrate(model, [digits.x[:128], (digits.x[128:200], digits.y[128:200])], CalibrationConfig(**options))  # type: ignore[arg-type]


def naive(model: SpikingNetwork, weight: str) -> SpikingNetwork:
    """The same quantisers put in place, and nothing else."""
    other = copy.deepcopy(model)
    for module in other.modules():
        if isinstance(module, WeightedSynapse):
            module.quantiser = weight_quantiser(weight)
    return other


def test_eight_and_four_bits_lose_next_to_nothing(trained: SpikingNetwork, digits: Digits) -> None:
    before = digits.accuracy(trained)
    assert before > 0.94
    eight = calibrated(trained, digits, membrane="fit4")
    four = calibrated(trained, digits, weight="int4-channel", membrane="fit3")
    assert digits.accuracy(eight.model) > before - 0.012
    assert digits.accuracy(four.model) > before - 0.02
    assert [row.weight_bits for row in four.rows] == [(8,), (4,), (8,)]
    assert digits.accuracy(trained) == before  # left as it was


def test_ternary_everything_is_far_better_than_rounding(trained: SpikingNetwork, digits: Digits) -> None:
    ternary = "ternary-channel"
    done = calibrated(trained, digits, weight=ternary, first_weight=ternary, last_weight=ternary, membrane="ternary")
    assert digits.accuracy(done.model) > digits.accuracy(naive(trained, ternary)) + 0.05
    network = done.model.to_ir()
    assert {block.branches[0].synapse.weight_bits for block in network.blocks} == {1.58}
    assert {block.neuron.state_bits for block in network.blocks[:-1]} == {2}


def test_a_little_training_brings_most_of_it_back(trained: SpikingNetwork, digits: Digits) -> None:
    done = calibrated(trained, digits, weight="ternary-channel", membrane="ternary")
    at_once, before = digits.accuracy(done.model), digits.accuracy(trained)
    assert at_once > before - 0.04
    digits.train(done.model, 3, 0.005)
    assert digits.accuracy(done.model) > max(at_once, before - 0.02)


def test_the_result_runs_exactly_as_integers(trained: SpikingNetwork, digits: Digits) -> None:
    model = calibrated(trained, digits, weight="int4-channel", membrane="fit3").model
    x = digits.test_x[:4].movedim(-1, 0).numpy().astype(np.int32)
    found, expected = model.trace(x), reference.run(model.to_ir(), x)
    for have, want in zip(found.blocks, expected.blocks, strict=True):
        for name in want:
            np.testing.assert_array_equal(have[name], want[name])


def test_rows_say_what_was_chosen(trained: SpikingNetwork, digits: Digits) -> None:
    done = calibrated(trained, digits, weight="int4-channel", membrane="fit3")
    assert [row.block for row in done.rows] == [block.name for block in done.model.to_ir().blocks]
    for row, made in zip(done.rows[:-1], done.model.to_ir().blocks[:-1], strict=True):
        assert row.membrane is not None
        assert (row.membrane.q_min, row.membrane.q_max) == (made.neuron.membrane.q_min, made.neuron.membrane.q_max)
        assert row.membrane.q_max - row.membrane.q_min == 7
        assert row.rate_before == pytest.approx(row.rate_after, rel=0.2)
    assert 0 < done.rows[0].weight_error < 0.01 < done.rows[1].weight_error < 0.2
    assert done.rows[-1].rate_before is None


def test_rates_are_matched_by_a_factor_in_the_ordinary_parameters(trained: SpikingNetwork, digits: Digits) -> None:
    options = {"weight": "ternary", "membrane": "ternary"}
    on, off = (calibrated(trained, digits, match_rates=flag, **options) for flag in (True, False))
    assert all(row.factor == 1 for row in off.rows)
    assert any(row.factor != 1 for row in on.rows)
    assert on.model.state_dict().keys() == trained.state_dict().keys()
    for name, module in on.model.named_modules():
        if name.endswith("neuron") and hasattr(module, "threshold"):
            assert module.threshold == 1


def test_quantisers_and_levels_of_another_network_are_taken(trained: SpikingNetwork, digits: Digits) -> None:
    config = ConvNetConfig("8s2-16-FC", "int4-channel", "int8", "sawb8", "five-level")
    like = build_convnet(config, ir.InputSpec((1, 8, 8), 8), 10, "like")
    done = calibrate(trained, [digits.x[:64]], CalibrationConfig(), like)
    like.load_state_dict(done.model.state_dict())
    x = digits.test_x[:8]
    with torch.no_grad():
        assert torch.equal(like.eval()(x), done.model(x))
    assert {row.membrane for row in done.rows[:-1]} == {FIVE_LEVEL}
    with pytest.raises(ValueError, match="like: found other blocks"):
        calibrate(trained, [digits.x[:8]], CalibrationConfig(), residual_model())


def residual_model(weight: str = "none") -> SpikingNetwork:
    torch.manual_seed(3)
    neuron = {"threshold": 0.8, "voltage_decay": 0.25, "membrane": "none", "reset": "soft"}
    blocks = [
        block.Conv(neuron, 2, 4, (3, 2), (1, 2), (1, 0), weight=weight, bias=True),
        block.Residual(neuron, 4, 4, weight=weight),
        block.Pool(None, (2, 1)),
        block.Residual(neuron, 4, 6, stride=2, weight=weight, batch_norm=False),
        block.Pool(neuron, (1, 1)),
        block.Dense(neuron, 6 * 2 * 2, 5, weight=weight, weight_norm=True),
        block.Readout(5, 3, weight=weight),
    ]
    return SpikingNetwork(blocks, ir.InputSpec((2, 6, 7)), "residual")


@pytest.mark.parametrize("weight", ["int4-channel", "int4", "ternary", "binary-channel", "sawb4", "none"])
@pytest.mark.parametrize("levels", ["keep", "five-level", "fit2"])
def test_every_block_and_quantiser(weight: str, levels: str) -> None:
    model = residual_model()
    x = (torch.rand(6, 2, 6, 7, 4, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    done = calibrate(model, [x], CalibrationConfig(weight=weight, membrane=levels))
    assert len(done.rows) == 9
    rows = {row.block: row for row in done.rows}
    assert rows["pool2"].weight_bits == ()
    assert rows["residual3.join"].factor != 0
    if levels == "five-level":
        assert {row.membrane for row in done.rows if row.rate_before is not None} == {FIVE_LEVEL}
    assert torch.isfinite(done.model(x)).all()


@pytest.mark.parametrize("weight", ["int4-channel", "ternary", "none"])
def test_depthwise_and_pooled_convolutions(weight: str) -> None:
    torch.manual_seed(1)
    config = ConvNetConfig("4-D6-8p2-R8s2-FC8-FC", "none", "none", "none", "none")
    model = build_convnet(config, ir.InputSpec((2, 10, 12), 4), 5)
    x = (
        torch.randint(0, 16, (5, 2, 10, 12, 1), generator=torch.Generator().manual_seed(2))
        .float()
        .expand(-1, -1, -1, -1, 3)
    )
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum, module.bias.data = 0.5, module.bias.data + 0.4
    for _ in range(12):
        model(x)
    done = calibrate(model, [x], CalibrationConfig(weight=weight, membrane="fit4"))
    rates = [(row.rate_before, row.rate_after) for row in done.rows if row.rate_before is not None]
    assert len(rates) == 7
    if weight != "ternary":
        # A handful of samples and neurons; what is wrong by a weight's scale is off by far more.
        assert all(after == pytest.approx(before, abs=0.12) for before, after in rates)
    x = x.movedim(-1, 0).numpy().astype(np.int32)
    expected, found = reference.run(done.model.to_ir(), x), done.model.trace(x)
    np.testing.assert_array_equal(found.output, expected.output)


def test_one_sample_one_step_and_silence() -> None:
    model = residual_model()
    for x in (torch.zeros(1, 2, 6, 7, 1), torch.ones(1, 2, 6, 7, 1)):
        done = calibrate(model, [x], CalibrationConfig(weight="ternary", membrane="ternary"))
        assert torch.isfinite(done.model(x)).all()
        assert done.rows[0].membrane == TERNARY


def test_learned_thresholds_and_leaks_are_those_that_count() -> None:
    torch.manual_seed(4)
    neuron = {"membrane": "none", "learn_threshold": "channel", "learn_decay": True}
    blocks = [block.Conv(neuron, 2, 4, 3, weight="none", bias=True), block.Readout(4 * 4 * 5, 3, weight="none")]
    model = SpikingNetwork(blocks, ir.InputSpec((2, 6, 7)))
    learned = model.blocks[0].neuron
    learned.vth.data = torch.tensor([0.05, 0.1, 0.2, 0.4])
    learned.keep.data = torch.tensor(0.8)
    x = (torch.rand(8, 2, 6, 7, 5, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    done = calibrate(model, [x], CalibrationConfig(membrane="fit8"))
    row = done.rows[0]
    truth = model.trace(x.movedim(-1, 0).numpy().astype(np.int32)).blocks[0]["spikes"].mean()
    assert 0.05 < truth < 0.95
    assert row.rate_before == pytest.approx(truth, abs=0.01)
    found = done.model.trace(x.movedim(-1, 0).numpy().astype(np.int32)).blocks[0]["spikes"].mean()
    assert row.rate_after == pytest.approx(found, abs=0.01)
    assert found == pytest.approx(truth, abs=0.02)


def test_cuba_neurons_keep_their_potentials() -> None:
    torch.manual_seed(0)
    neuron = CubaConfig(threshold=1.0, current_decay=0.5, voltage_decay=0.1)
    blocks = [block.Dense(neuron, 6, 5, weight="slayer8"), block.Readout(5, 2, weight="none")]
    model = SpikingNetwork(blocks, ir.InputSpec((6,)))
    x = (torch.rand(4, 6, 5) < 0.5).float()
    done = calibrate(model, [x], CalibrationConfig())
    assert done.rows[0].weight_bits == (8,)
    with pytest.raises(ValueError, match="block 'dense0': found a CUBA neuron, expected membrane='keep'"):
        calibrate(model, [x], CalibrationConfig(membrane="ternary"))


def test_no_samples_and_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="found no samples"):
        calibrate(residual_model(), [], CalibrationConfig())
    for options in ({"weight": "int99"}, {"membrane": "fit9"}, {"membrane": "septenary"}, {"samples": 0}):
        with pytest.raises(ValueError, match="found"):
            CalibrationConfig(**options)  # type: ignore[arg-type]
