"""Surrogate gradients: closed forms, areas, SLAYER's own, and how they flow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lava.lib.dl.slayer.spike.spike import _spike_backward

from lava_spquant.slayer.surrogate import (
    SURROGATES,
    AsymmetricBox,
    Box,
    Exponential,
    SigmoidDerivative,
    SuperSpike,
    Surrogate,
    Triangle,
    spike,
    surrogate,
)

X = np.linspace(-3, 3, 241)

CLOSED_FORMS: list[tuple[Surrogate, object]] = [
    (Triangle(), lambda x: np.maximum(0, 1 - np.abs(x))),
    (Triangle(0.5), lambda x: 2 * np.maximum(0, 1 - 2 * np.abs(x))),
    (Exponential(0.5, 2.0), lambda x: 2 * np.exp(-2 * np.abs(x))),
    (SigmoidDerivative(), lambda x: 5 * np.exp(-5 * x) / (1 + np.exp(-5 * x)) ** 2),
    (SuperSpike(), lambda x: 1 / (1 + 2 * np.abs(x)) ** 2),
    (Box(), lambda x: np.where(np.abs(x) <= 0.5, 1.0, 0)),
    (Box(2), lambda x: np.where(np.abs(x) <= 2, 0.25, 0)),
    (AsymmetricBox(), lambda x: np.where((x >= -0.6) & (x <= 2), 0.5, 0)),
    (AsymmetricBox(1.0, 1.0), lambda x: np.where(np.abs(x) <= 1, 1.0, 0)),
]


@pytest.mark.parametrize(("form", "expected"), CLOSED_FORMS)
def test_closed_form(form: Surrogate, expected) -> None:
    # Boxes are judged between their edges, where rounding decides.
    x = X + 1e-4
    np.testing.assert_allclose(form.derivative(torch.from_numpy(x)).numpy(), expected(x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("form", "area"),
    [
        (Triangle(), 1.0),
        (Triangle(0.3), 1.0),
        (Exponential(0.2, 0.7), 0.7),
        (SigmoidDerivative(), 1.0),
        (SigmoidDerivative(2.0), 1.0),
        (SuperSpike(4.0), 0.5),  # 2 / a, reached slowly: the tail beyond 2000 adds 2.5e-4
        (Box(), 1.0),
        (Box(1.7), 1.0),
        (AsymmetricBox(), 1.3),
    ],
)
def test_area(form: Surrogate, area: float) -> None:
    x = torch.cat([torch.linspace(-2000, -10, 20001), torch.linspace(-10, 10, 200001), torch.linspace(10, 2000, 20001)])
    x = x.double()
    assert torch.trapezoid(form.derivative(x), x).item() == pytest.approx(area, rel=1e-3)


@pytest.mark.parametrize(("tau_grad", "scale_grad", "threshold"), [(0.03, 3.0, 1.25), (1.0, 1.0, 0.5)])
def test_the_exponential_is_that_of_slayer(tau_grad: float, scale_grad: float, threshold: float) -> None:
    voltage = torch.linspace(-5, 5, 101)
    theirs = _spike_backward(voltage, threshold, 100 * tau_grad * threshold, 0.1 * scale_grad)
    ours = Exponential(100 * tau_grad, 0.1 * scale_grad).derivative((voltage - threshold) / threshold)
    # Theirs is per unit of voltage, ours per threshold.
    torch.testing.assert_close(ours / threshold, theirs)


@pytest.mark.parametrize("name", SURROGATES)
def test_gradients_flow_through_a_strict_step(name: str) -> None:
    form = surrogate(name)
    x = torch.tensor([-2.0, -0.1, 0.0, 1e-30, 0.4], requires_grad=True)
    s = spike(x, form)
    assert s.tolist() == [0, 0, 0, 1, 1]
    grad = torch.tensor([1.0, 2.0, -3.0, 0.5, 10.0])
    s.backward(grad)
    assert torch.equal(x.grad, grad * form.derivative(x.detach()))
    assert bool((x.grad[1:] != 0).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtypes_are_kept(dtype: torch.dtype) -> None:
    for form in SURROGATES.values():
        x = torch.zeros(2, dtype=dtype)
        assert form.derivative(x).dtype == spike(x, form).dtype == dtype


@pytest.mark.parametrize(
    "make",
    [
        lambda: Triangle(0),
        lambda: Exponential(tau=-1),
        lambda: Exponential(scale=0),
        lambda: SigmoidDerivative(0),
        lambda: SuperSpike(-2),
        lambda: Box(0),
        lambda: AsymmetricBox(delta=0),
        lambda: AsymmetricBox(rho=float("nan")),
    ],
)
def test_parameters_are_positive(make) -> None:
    with pytest.raises(ValueError, match=r"^\w+: \w+: found .*, expected a positive number"):
        make()


def test_names() -> None:
    assert surrogate("triangle") == Triangle()
    assert surrogate(Box(3)) == Box(3)
    with pytest.raises(ValueError, match="surrogate: found 'step', expected one of triangle"):
        surrogate("step")
