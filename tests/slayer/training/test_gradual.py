"""Graded values that turn into spikes while a network trains."""

from __future__ import annotations

import pytest
import torch

from lava_spquant.data import ImageSplit
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer.neuron import ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.surrogate import Box
from lava_spquant.slayer.training import Classifier, TrainingConfig, batch_loader, threshold_neurons
from lava_spquant.slayer.training.gradual import GradualSpikes
from lava_spquant.workflow.renormalised import settle
from tests.slayer.training.test_gates import Rows
from tests.slayer.training.test_module import IMAGES, LABELS, trainer
from tests.slayer.training.test_spike_rate import model

CURRENT = torch.tensor([-3.0, -0.5, 0.0, 0.25, 0.75, 3.0])


def test_the_share_of_graded_values_falls_evenly_and_ends_at_none() -> None:
    gradual = GradualSpikes(model("C4-B4-B6-FC"), 4.0)
    shares = []
    for epoch in (0.0, 1.0, 3.5, 4.0, 9.0):
        gradual.prepare(epoch)
        assert len({neuron.graded for neuron in gradual.neurons}) == 1
        shares.append(gradual.neurons[0].graded)
    assert shares == [1.0, 0.75, 0.125, 0.0, 0.0]


@pytest.mark.parametrize("learned", [False, True])
def test_what_is_sent_lies_between_graded_values_and_spikes(learned: bool) -> None:
    neuron = ThresholdNeuron(ThresholdConfig() if learned else ThresholdConfig(Box(), learn_delta=False))
    spikes, values = (CURRENT > 0).float(), CURRENT.clamp(0, 1)
    for share in (0.0, 0.25, 1.0):
        neuron.graded = share
        torch.testing.assert_close(neuron.train().respond(CURRENT), (1 - share) * spikes + share * values)
        assert torch.equal(neuron.eval().respond(CURRENT), spikes)


def test_gradients_are_shared_like_values() -> None:
    neuron = ThresholdNeuron()

    def gradients(share: float) -> tuple[torch.Tensor, ...]:
        x = torch.tensor([-0.5, 0.25, 0.75, 1.5], requires_grad=True)
        neuron.graded = share
        assert neuron.delta is not None
        return torch.autograd.grad(neuron.respond(x).sum(), (x, neuron.delta))

    (by_value, delta_of_values), (by_spike, delta_of_spikes) = gradients(1.0), gradients(0.0)
    assert by_value.tolist() == [0.0, 1.0, 1.0, 0.0]
    assert delta_of_values == 0
    assert delta_of_spikes != 0
    by_both, delta_of_both = gradients(0.25)
    torch.testing.assert_close(by_both, 0.75 * by_spike + 0.25 * by_value)
    torch.testing.assert_close(delta_of_both, 0.75 * delta_of_spikes)


def test_a_network_with_membranes_is_refused() -> None:
    with pytest.raises(ValueError, match="graded_epochs: found 2 for a network without stateless thresholds"):
        GradualSpikes(model("4-6-FC"), 2)


def test_statistics_are_measured_with_spikes_alone() -> None:
    network = model("C4-B4-FC")
    split = ImageSplit(IMAGES.numpy(), LABELS.numpy(), 3)
    GradualSpikes(network, 2.0).prepare(1.0)
    settle(network, split, 1)
    assert {neuron.graded for neuron in threshold_neurons(network)} == {0.0}


@pytest.mark.parametrize("epochs", [3.0, 4.0, -1.0])
def test_training_has_to_end_with_spikes(epochs: float) -> None:
    with pytest.raises(ValueError, match="training: graded_epochs: found"):
        TrainingConfig(epochs=3, graded_epochs=epochs)


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_a_recipe_has_it_fall_batch_by_batch() -> None:
    network = model("C4-B4-FC")
    module = Classifier(
        network, TrainingConfig(epochs=3, batch_size=8, graded_epochs=2.0), lambda images: to_nchwt(images, 1), 3
    )
    assert module.gradual is not None
    neuron, seen = module.gradual.neurons[0], []
    neuron.register_forward_hook(lambda *_: seen.append(neuron.graded))
    trainer(max_epochs=3).fit(module, batch_loader(torch.utils.data.TensorDataset(IMAGES, LABELS), 8))
    batches = len(seen) // 3
    assert batches > 1
    assert seen == pytest.approx([max(0.0, 1 - i / (2 * batches)) for i in range(3 * batches)])


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
def test_without_length_it_falls_epoch_by_epoch() -> None:
    network = model("C4-B4-FC")
    module = Classifier(
        network, TrainingConfig(epochs=3, batch_size=4, graded_epochs=2.0), lambda images: to_nchwt(images, 1), 3
    )
    assert module.gradual is not None
    neuron, seen = module.gradual.neurons[0], []
    neuron.register_forward_hook(lambda *_: seen.append(neuron.graded))
    trainer(max_steps=9).fit(module, torch.utils.data.DataLoader(Rows(), batch_size=None))
    assert seen == pytest.approx([1.0] * 3 + [0.5] * 3 + [0.0] * 3)
