"""Thresholds that are raised in training, and batch-norm that stays."""

from __future__ import annotations

import pytest
import torch

from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer.norm import BatchNorm
from lava_spquant.slayer.training import Classifier, TrainingConfig, batch_loader
from lava_spquant.slayer.training.raised import RaisedThresholds
from tests.slayer.training.test_module import IMAGES, LABELS, trainer
from tests.slayer.training.test_spike_rate import model


def test_a_batch_has_one_amount_of_its_own() -> None:
    network = model("C4-B4-B6-FC")
    raised = RaisedThresholds(network, 0.5, seed=3)
    drawn = [raised.draw(number) for number in range(200)]
    assert drawn == [raised.draw(number) for number in range(200)]
    assert 0 <= min(drawn) < 0.05
    assert 0.45 < max(drawn) < 0.5
    assert {neuron.raised for neuron in raised.neurons} == {drawn[-1]}
    assert RaisedThresholds(network, 0.5, seed=4).draw(0) != drawn[0]


def test_raised_thresholds_spike_less_in_training_and_are_none_of_the_deployed_network() -> None:
    network = model("C4-B4-B6-FC")
    x = to_nchwt(IMAGES, 1)
    before = network.to_ir()
    neuron = RaisedThresholds(network, 0.5, seed=3).neurons[0]
    current = torch.linspace(-1, 1, 21).reshape(1, 1, 21)
    neuron.raised = 0.25
    assert (neuron.train().respond(current) == (current > 0.25)).all()
    assert (neuron.eval().respond(current) == (current > 0)).all()
    network.train()(x)
    assert [b.neuron for b in network.to_ir().blocks] == [b.neuron for b in before.blocks]


def test_a_network_with_membranes_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold_raise: found 0.2 for a network without stateless thresholds"):
        RaisedThresholds(model("4-6-FC"), 0.2, seed=0)


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("architecture", ["C4-B4-FC", "4-6-FC"])
def test_frozen_batch_norm_keeps_its_statistics(architecture: str, frozen: bool) -> None:
    network = model(architecture)
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    before = [norm.running_mean.clone() for norm in norms]  # type: ignore[union-attr]
    weights = [parameter.detach().clone() for parameter in network.parameters()]
    config = TrainingConfig(
        epochs=2, batch_size=8, freeze_norm=frozen, threshold_raise=0.3 if architecture[0] == "C" else 0.0
    )
    module = Classifier(network, config, lambda images: to_nchwt(images, 1), 3)
    trainer(max_epochs=2).fit(module, batch_loader(torch.utils.data.TensorDataset(IMAGES, LABELS), 8))
    for norm, mean in zip(norms, before, strict=True):
        assert torch.equal(norm.running_mean, mean) == frozen  # type: ignore[arg-type]
    assert not all(torch.equal(new, old) for new, old in zip(network.parameters(), weights, strict=True))
