"""Hooks are on a model while it is trained, and no longer."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from lava_spquant.data.tensor import to_nchwt
from lava_spquant.report import spike_costs
from lava_spquant.slayer.training import Classifier, TrainingConfig
from lava_spquant.slayer.training.watch import Watch
from tests.slayer.training.test_module import IMAGES, loader, trainer
from tests.slayer.training.test_spike_rate import model


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


def test_a_watch_begins_and_ends() -> None:
    seen: list[torch.Tensor] = []
    layer = nn.Identity()
    watch = Watch([(layer, lambda module, inputs, sent: seen.append(sent))])
    watch.begin()  # it does already
    layer(torch.ones(1))
    assert len(seen) == 1
    for _ in range(2):
        watch.end()
        layer(torch.ones(1))
    assert (len(seen), hooks(layer)) == (1, 0)
    watch.begin()
    layer(torch.ones(1))
    assert len(seen) == 2


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`", "ignore:.*number of training batches")
def test_training_leaves_no_hooks_on_the_model() -> None:
    network = model()
    costs = spike_costs(network.to_ir())
    config = TrainingConfig(
        epochs=1, batch_size=4, learning_rate=0.02, rate_penalty=1.0, synops_penalty=1.0, synops_target=1.0
    )
    module = Classifier(network, config, lambda x: to_nchwt(x, 3), 3, costs=costs)
    assert module.rates is not None
    assert module.cost is not None
    for _ in range(2):  # and watches again when it is trained again
        trainer(max_epochs=1).fit(module, loader())
        assert hooks(module.model) == 0
        # Whoever goes on with the network in training mode collects nothing.
        module.model.train()(to_nchwt(IMAGES, 3))
        assert not module.rates.rates
        assert not module.cost.spent
    # What was collected would be no tensors that can be copied.
    copy.deepcopy(module)


def test_an_end_forgets_what_was_noted() -> None:
    network = model()
    costs = spike_costs(network.to_ir())
    config = TrainingConfig(rate_penalty=1.0, synops_penalty=1.0, synops_target=1.0)
    module = Classifier(network, config, lambda x: to_nchwt(x, 3), 3, costs=costs)
    network.train()(to_nchwt(IMAGES, 3))
    assert module.rates is not None
    assert module.cost is not None
    assert module.rates.rates
    assert module.cost.spent
    module.on_fit_end()
    assert not module.rates.rates
    assert not module.cost.spent
