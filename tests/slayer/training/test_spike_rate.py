"""The penalty on spike rates: its value, its gradient, and that it makes networks quieter."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch.utils.data import TensorDataset

from lava_spquant import ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.training import Classifier, SpikeRates, TrainingConfig, batch_loader
from tests.slayer.training.test_module import IMAGES, LABELS, trainer


def model(architecture: str = "4-6-FC", **options: Any) -> SpikingNetwork:
    torch.manual_seed(0)
    config = ConvNetConfig(architecture, "binary-standard", surrogate="asymmetric", **options)
    return build_convnet(config, ir.InputSpec((1, 6, 5), 8), 3)


def layer_rates(network: SpikingNetwork, x: torch.Tensor) -> list[float]:
    seen = []
    for block in list(network)[:2]:
        x = block(x)
        seen.append(float(x.mean()))
    return seen


@pytest.mark.parametrize("target", [0.0, 0.2, 1.0])
def test_it_is_what_layers_spike_above_the_target(target: float) -> None:
    network = model().train()
    x = to_nchwt(IMAGES, 3)
    expected = sum(max(0.0, rate - target) for rate in layer_rates(model().train(), x)) / 2
    rates = SpikeRates(network, target)
    network(x)
    penalty = rates.penalty()
    assert float(penalty) == pytest.approx(expected, abs=1e-6)
    penalty.backward()
    gradients = [p.grad.abs().sum() for p in network.parameters() if p.grad is not None]
    assert (sum(gradients) > 0) == (expected > 0)
    with pytest.raises(ValueError, match="found no spiking neuron"):
        rates.penalty()


def test_every_layer_may_have_a_target_of_its_own() -> None:
    x = to_nchwt(IMAGES, 3)
    first, second = layer_rates(model().train(), x)
    assert min(first, second) > 0.04
    for targets in ((0.01, 0.02), (0.02, 0.01), (0.0, 1.0), (1.0, 0.0)):
        network = model().train()
        rates = SpikeRates(network, targets)
        expected = (max(0.0, first - targets[0]) + max(0.0, second - targets[1])) / 2
        for _ in range(2):  # nothing is left of the pass before
            network(x)
            assert float(rates.penalty()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("architecture", "layers", "gates"),
    [
        ("4-6-FC", 2, "none"),
        ("4-6-FC", 2, "both"),
        ("C4-B4-B6-FC", 2, "none"),
        ("T8-MP2-T8-FC", 3, "none"),
        ("4-R6-D6-FC8-FC", 6, "none"),
        ("4-R6-D6-FC8-FC", 6, "both"),
    ],
)
def test_there_is_a_target_for_every_spiking_layer(architecture: str, layers: int, gates: str) -> None:
    network = model(architecture, gates=gates, gate_cell=1).train()
    rates = SpikeRates(network, [0.5] * layers)
    network(to_nchwt(IMAGES, 1))
    assert len(rates.rates) == layers
    config = TrainingConfig(rate_penalty=1.0, rate_targets=(0.1,) * (layers + 1))
    expected = f"^training: rate_targets: found {layers + 1}, expected none or {layers}, one per spiking layer$"
    with pytest.raises(ValueError, match=expected):
        Classifier(model(architecture, gates=gates, gate_cell=1), config, lambda x: to_nchwt(x, 1), 3)


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_training_takes_the_targets_of_its_layers() -> None:
    """Each in turn may spike as it likes, and the other not at all."""
    found = []
    for targets in ((0.0, 1.0), (1.0, 0.0)):
        config = TrainingConfig(
            epochs=60, batch_size=12, learning_rate=0.05, rate_penalty=5.0, rate_target=1.0, rate_targets=targets
        )
        module = Classifier(model(), config, lambda x: to_nchwt(x, 3), 3)
        trainer(max_epochs=60).fit(module, batch_loader(TensorDataset(IMAGES, LABELS), 12, seed=1))
        found.append(layer_rates(module.model.train(), to_nchwt(IMAGES, 3)))
    assert found[0][0] < 0.7 * found[1][0]
    assert found[1][1] < 0.7 * found[0][1]


def test_evaluation_is_not_watched() -> None:
    network = model()
    rates = SpikeRates(network, 0.1)
    network.eval()(to_nchwt(IMAGES, 3))
    with torch.no_grad():
        network.train()(to_nchwt(IMAGES, 3))
    assert not rates.rates


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
@pytest.mark.parametrize("architecture", ["4-6-FC", "C4-B4-B6-FC", "T8-T8-FC"])
def test_training_with_it_spikes_less(architecture: str) -> None:
    found = []
    for penalty in (0.0, 5.0):
        config = TrainingConfig(epochs=60, batch_size=12, learning_rate=0.05, rate_penalty=penalty, rate_target=0.05)
        steps = 1 if architecture != "4-6-FC" else 3
        module = Classifier(model(architecture), config, lambda x, steps=steps: to_nchwt(x, steps), 3)
        run = trainer(max_epochs=60)
        run.fit(module, batch_loader(TensorDataset(IMAGES, LABELS), 12, seed=1))
        watched = SpikeRates(module.model.train(), 0.0)
        module.model(to_nchwt(IMAGES, steps))
        found.append(float(watched.penalty()))
    assert found[1] < 0.7 * found[0]


@pytest.mark.parametrize(
    ("field", "value"), [("rate_penalty", -1.0), ("rate_target", 1.5), ("rate_targets", (0.1, -0.5))]
)
def test_configurations_check_themselves(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=re.escape(f"training: {field}: found {value}")):
        TrainingConfig(**{field: value})  # type: ignore[arg-type]
