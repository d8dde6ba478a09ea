"""CUBA neurons: SLAYER's own in training, Lava's in `eval()`."""

from __future__ import annotations

import pytest
import torch
from lava.lib.dl import slayer
from torch import Tensor

from lava_spquant.slayer import block

PARAMS = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.1, "tau_grad": 0.05, "scale_grad": 2}


def spikes_in(shape: tuple[int, ...], seed: int = 0, rate: float = 0.4) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < rate).float()


def pair(kind: str, params: dict[str, object]) -> tuple[torch.nn.Module, torch.nn.Module, Tensor]:
    """Our block and SLAYER's with the same weights, and an input."""
    torch.manual_seed(3)
    if kind == "dense":
        ours = block.Dense(params, 30, 8, weight_scale=6, weight="slayer8")
        theirs = slayer.block.cuba.Dense(dict(params), 30, 8, delay_shift=False)
        x = spikes_in((2, 30, 12))
    else:
        window = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
        ours = block.Conv(params, 4, 6, (3, 2), weight_scale=5, weight="slayer8", **window)
        theirs = slayer.block.cuba.Conv(dict(params), 4, 6, (3, 2), delay_shift=False, **window)
        x = spikes_in((2, 4, 7, 5, 12))
    theirs.synapse.weight.data = ours.synapse.weight.data.reshape(theirs.synapse.weight.shape).clone()
    return ours, theirs, x


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_training_is_that_of_slayer(kind: str, requires_grad: bool) -> None:
    ours, theirs, x = pair(kind, {**PARAMS, "requires_grad": requires_grad})
    out, expected = ours(x), theirs(x)
    assert torch.equal(out, expected)
    assert 0 < out.mean() < 1
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    out.backward(grad)
    expected.backward(grad)
    torch.testing.assert_close(
        ours.synapse.weight.grad, theirs.synapse.weight.grad.reshape(ours.synapse.weight.shape), rtol=1e-4, atol=1e-6
    )
    assert ours.grad_norm == pytest.approx(theirs.synapse.grad_norm, rel=1e-4)
    if requires_grad:
        for name in ("current_decay", "voltage_decay"):
            mine, other = (getattr(n, name).grad for n in (ours.neuron.slayer, theirs.neuron))
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)
            assert bool((mine != 0).all())


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_eval_equals_slayers_own_fixed_point(kind: str) -> None:
    # SLAYER's step of 1/32 and threshold of 1/64 units are Lava's own, so nothing is rounded anew.
    ours, theirs, x = pair(kind, PARAMS)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_delay_shift_is_that_of_slayer() -> None:
    _, theirs, x = pair("dense", PARAMS)
    shifted = slayer.block.cuba.Dense(dict(PARAMS), 30, 8)
    ours = block.Dense(PARAMS, 30, 8, weight="slayer8", delay_shift=True)
    for other in (shifted.synapse, ours.synapse):
        other.weight.data = theirs.synapse.weight.data.reshape(other.weight.shape).clone()
    expected = shifted(x)
    for mode in (True, False):
        out = ours.train(mode)(x)
        assert torch.equal(out, expected)
        assert not out[..., 0].any()
    assert expected.any()


def test_dropout_acts_in_training_only() -> None:
    params = {**PARAMS, "dropout": slayer.neuron.Dropout(p=0.5)}
    ours = block.Dense(params, 30, 40, weight_scale=8, weight="slayer8")
    x = spikes_in((1, 30, 10))
    torch.manual_seed(0)
    dropped = ours(x)
    whole = ours.eval()(x)
    # A neuron is dropped for the whole sample, and kept ones are scaled, as SLAYER's dropout does.
    silenced = (whole.sum(-1) > 0) & (dropped.sum(-1) == 0)
    assert silenced.any()
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert set(whole.unique().tolist()) == {0.0, 1.0}


def test_batch_norm_acts_on_the_current_after_its_leak() -> None:
    torch.manual_seed(0)
    ours = block.Dense(PARAMS, 30, 8, weight_scale=6, weight="slayer8", batch_norm=True)
    x = spikes_in((4, 30, 12))
    # By hand: SLAYER's neuron with a norm of our statistics.
    theirs = slayer.neuron.cuba.Neuron(**PARAMS)
    theirs.norm = torch.nn.BatchNorm1d(8)
    z = torch.einsum("oi,nit->not", ours.synapse.quantised, x)
    assert torch.equal(ours(x), theirs(z))
    torch.testing.assert_close(ours.branches[0].norm.running_mean, theirs.norm.running_mean)


def test_device_parameters_are_those_of_slayer() -> None:
    ours, theirs, _ = pair("dense", PARAMS)
    assert ours.neuron.device_params == theirs.neuron.device_params
    assert ours.neuron.threshold == 1.25
