"""The price on synaptic operations: its value, its gradient, and that a budget is kept."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import TensorDataset

from lava_spquant import ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.report import activity, spike_costs
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.training import Classifier, SpikeCost, TrainingConfig, batch_loader
from tests.slayer.training.test_module import IMAGES, LABELS, trainer
from tests.slayer.training.test_spike_rate import model

STEPS = 3


def pooled() -> SpikingNetwork:
    """Point-wise convolutions, so that no synapse is missing at a border."""
    torch.manual_seed(0)
    neuron = {"threshold": 1.0, "membrane": "ternary"}
    parts = [
        block.Conv(neuron, 1, 4, 1),
        block.Pool(None, 2),
        block.Conv(neuron, 4, 6, 1),
        block.Flatten(),
        block.Readout(6 * 3 * 2, 3),
    ]
    return SpikingNetwork(parts, ir.InputSpec((1, 6, 4), 8))


def frozen(network: SpikingNetwork) -> SpikingNetwork:
    """Return it in training mode, with the statistics that evaluation has."""
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.eval()
    return network


@pytest.mark.parametrize("target", [1.0, 1e9])
def test_it_is_what_is_counted_in_the_deployed_network(target: float) -> None:
    network = frozen(pooled())
    integers = network.to_ir()
    x = to_nchwt(IMAGES[..., :4], STEPS)
    trace = network.trace(x.permute(4, 0, 1, 2, 3).numpy().astype("int32"))
    counted = activity(integers, [(x.permute(4, 0, 1, 2, 3).numpy().astype("int32"), trace)])
    operations = sum(row.synops for row in counted.rows[1:])
    cost = SpikeCost(frozen(network), spike_costs(integers), target)
    network(x)
    penalty = cost.penalty(len(x))
    assert operations > 10
    assert float(penalty) == pytest.approx(max(0.0, operations / target - 1), rel=1e-5)
    penalty.backward()
    gradients = [p.grad.abs().sum() for p in network.parameters() if p.grad is not None]
    assert (sum(gradients) > 0) == (target == 1.0)
    with pytest.raises(ValueError, match="found no spiking neuron"):
        cost.penalty(len(x))


def test_evaluation_is_not_watched() -> None:
    network = pooled()
    cost = SpikeCost(network, spike_costs(network.to_ir()), 1.0)
    network.eval()(to_nchwt(IMAGES[..., :4], STEPS))
    with torch.no_grad():
        network.train()(to_nchwt(IMAGES[..., :4], STEPS))
    assert not cost.spent


def test_gated_and_binary_networks_are_watched() -> None:
    for config in (
        ConvNetConfig("8-8-FC", gates="channel"),
        ConvNetConfig("C4-B4-B6-FC", "binary-standard", surrogate="asymmetric"),
    ):
        network = build_convnet(config, ir.InputSpec((1, 6, 5), 8), 3)
        costs = spike_costs(network.to_ir())
        cost = SpikeCost(network.train(), costs, 1.0)
        network(to_nchwt(IMAGES, 1))
        assert len(cost.spent) == sum(value > 0 for value in costs)


@pytest.mark.parametrize(("costs", "target"), [((1.0,), 5.0), (None, 0.0)])
def test_what_does_not_fit_is_refused(costs: tuple[float, ...] | None, target: float) -> None:
    network = pooled()
    with pytest.raises(ValueError, match="spike cost: found"):
        SpikeCost(network, spike_costs(network.to_ir()) if costs is None else costs, target)


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_training_keeps_within_the_budget() -> None:
    def spent(penalty: float, target: float) -> float:
        network = model()
        costs = spike_costs(network.to_ir())
        config = TrainingConfig(
            epochs=60, batch_size=12, learning_rate=0.05, synops_penalty=penalty, synops_target=target
        )
        module = Classifier(network, config, lambda x: to_nchwt(x, STEPS), 3, costs=costs)
        trainer(max_epochs=60).fit(module, batch_loader(TensorDataset(IMAGES, LABELS), 12, seed=1))
        watched = SpikeCost(frozen(module.model), costs, 1.0)
        module.model(to_nchwt(IMAGES, STEPS))
        return float(watched.penalty(len(IMAGES))) + 1

    free = spent(0.0, 0.0)
    assert spent(2.0, free / 3) < 0.5 * free


@pytest.mark.parametrize(
    ("field", "value"), [("synops_penalty", -1.0), ("synops_target", -1.0), ("distillation", 1.5), ("temperature", 0.0)]
)
def test_configurations_check_themselves(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"training: {field}: found {value}"):
        TrainingConfig(**{field: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="training: synops_target: found 0.0, expected more than 0 with a penalty"):
        TrainingConfig(synops_penalty=1.0)
