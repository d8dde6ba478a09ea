"""The single-step neuron: its spikes, its gradients, and thresholds that survive the fold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.neuron.threshold import DELTA_MIN, learned_spike
from lava_spquant.slayer.surrogate import AsymmetricBox, Box, SuperSpike
from lava_spquant.slayer.synapse import DenseSynapse

X = torch.tensor([-1.0, -0.6, -0.5, 0.0, 1e-6, 1.0, 2.0, 2.1])


def test_the_learnable_straight_through_gradient_is_the_papers() -> None:
    x, delta = X.clone().requires_grad_(), torch.tensor(2.0, requires_grad=True)
    out = learned_spike(x, delta, 0.3)
    assert out.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    weight = torch.arange(1.0, 9.0)
    by_x, by_delta = torch.autograd.grad((out * weight).sum(), (x, delta))
    z = torch.tensor([0.0, 1, 1, 1, 1, 1, 1, 0])  # -0.6 = -rho * delta is inside
    torch.testing.assert_close(by_x, weight * z / 2)
    torch.testing.assert_close(by_delta, -(weight * z * X).sum() / 4)


@pytest.mark.parametrize("surrogate", [Box(), SuperSpike(), AsymmetricBox(1.0, 0.5)])
def test_other_surrogates(surrogate: Box) -> None:
    neuron = ThresholdNeuron(ThresholdConfig(surrogate, learn_delta=False))
    assert not list(neuron.parameters())
    x = X.clone().requires_grad_()
    (grad,) = torch.autograd.grad(neuron.respond(x).sum(), x)
    torch.testing.assert_close(grad, surrogate.derivative(X))


def test_a_reach_that_is_learned_stays_positive() -> None:
    neuron = ThresholdNeuron(ThresholdConfig())
    assert neuron.delta is not None
    with torch.no_grad():
        neuron.delta.fill_(-5.0)
    x = torch.tensor([DELTA_MIN / 2], requires_grad=True)
    neuron.respond(x).backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(1 / DELTA_MIN)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_deployed_spikes_where_training_does(seed: int) -> None:
    """Also where batch-norm divides by next to nothing, so that gains are limited."""
    torch.manual_seed(seed)
    branch = Branch(DenseSynapse(6, 5, "binary-channel"), 5, batch_norm=True)
    assert branch.norm is not None
    with torch.no_grad():
        branch.norm.running_var.copy_(torch.tensor([1.0, 1e-8, 4.0, 0.3, 2.0]))  # type: ignore[union-attr]
        branch.norm.running_mean.normal_()  # type: ignore[union-attr]
        branch.norm.bias.normal_()
    neuron = ThresholdNeuron(ThresholdConfig()).eval()
    block = neuron.to_ir("b", [branch], [ir.INPUT])
    x = np.random.default_rng(seed).integers(0, 2, (1, 64, 6))
    found = ir.reference.run(ir.Network(ir.InputSpec((6,)), (block,)), x).output
    current = branch.eval().current(torch.from_numpy(x).float())
    sure = current.abs() > 1e-3
    assert sure.float().mean() > 0.9
    assert np.array_equal(found[sure.numpy()], (current > 0).numpy()[sure.numpy()])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"surrogate": Box()}, "learn_delta: found True"), ({"frac_bits": 3}, "frac_bits: found 3")],
)
def test_configurations_check_themselves(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ThresholdConfig(**options)  # type: ignore[arg-type]
