"""The membrane quantiser of training: levels, stacked gradient, and its integer twin."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.slayer.membrane import FIVE_LEVEL, MEMBRANES, TERNARY, MembraneConfig, membrane, n_bit


@st.composite
def configs(draw: st.DrawFn) -> MembraneConfig:
    low, high = draw(st.integers(-200, 0)), draw(st.integers(0, 200))
    return MembraneConfig(low, max(high, low + 1, 1 if low == 0 else 0), draw(st.integers(0, 6)))


POTENTIALS = st.lists(st.floats(-300, 300, width=32), min_size=1, max_size=20).map(torch.tensor)


@given(config=configs(), m=POTENTIALS)
def test_levels(config: MembraneConfig, m: torch.Tensor) -> None:
    q = config.quantise(m)
    steps = q * 2**config.fine
    assert torch.equal(steps, steps.round())
    assert bool(((steps >= config.q_min) & (steps <= config.q_max)).all())
    assert torch.equal(config.quantise(q), q)
    assert bool((config.quantise(m.sort().values).diff() >= 0).all())
    inside = (m * 2**config.fine >= config.q_min) & (m * 2**config.fine <= config.q_max)
    assert bool(((q - m).abs()[inside] <= 0.5 / 2**config.fine).all())


@given(config=configs(), data=st.data())
def test_equals_the_integer_quantiser_on_membrane_units(config: MembraneConfig, data: st.DataObject) -> None:
    frac_bits = data.draw(st.integers(config.fine, 12))
    units = data.draw(st.lists(st.integers(-(2**21), 2**21), min_size=1, max_size=30))
    expected = config.to_ir(frac_bits).quantise(np.array(units))
    found = config.quantise(torch.tensor(units, dtype=torch.float32) / 2**frac_bits) * 2**frac_bits
    np.testing.assert_array_equal(found.numpy(), expected)


def test_halves_round_up() -> None:
    assert TERNARY.quantise(torch.tensor([-0.5, 0.5])).tolist() == [0, 1]
    assert n_bit(4).quantise(torch.tensor([-2.5, -0.125, 0.125, 1.9])).tolist() == [-2, 0, 0.25, 1.75]


def stacked(config: MembraneConfig, m: np.ndarray) -> np.ndarray:
    """The published sum over all midpoints."""
    midpoints = np.arange(config.q_min, config.q_max) + 0.5
    x = config.temperature * (m[:, None] * 2**config.fine - midpoints)
    s = 1 / (1 + np.exp(-np.clip(x, -50, 50)))
    return (config.temperature * s * (1 - s)).sum(axis=1)


def test_the_ternary_gradient_by_hand() -> None:
    one = MembraneConfig(0, 1)
    assert one.derivative(torch.tensor([0.5])).item() == 0.5  # one bump peaks at T / 4
    assert TERNARY.derivative(torch.tensor([0.0])).item() == pytest.approx(0.786, abs=5e-4)
    # Not zeroed outside the clip.
    assert TERNARY.derivative(torch.tensor([-1.5, 1.5])).tolist() == pytest.approx([0.2453, 0.2453], abs=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        TERNARY,
        FIVE_LEVEL,
        n_bit(4),
        n_bit(8),
        MembraneConfig(-300, 7, 3),
        MembraneConfig(-40, 40, temperature=0.5),
        MembraneConfig(-400, 400, temperature=0.1),
        MembraneConfig(-40, 40, temperature=9.0),
    ],
)
def test_the_stacked_gradient_is_the_full_sum(config: MembraneConfig) -> None:
    edge = max(-config.q_min, config.q_max) / 2**config.fine
    m = np.linspace(-1.2 * edge - 1, 1.2 * edge + 1, 777)
    found = config.derivative(torch.from_numpy(m)).numpy()
    np.testing.assert_allclose(found, stacked(config, m), atol=1e-6)


def test_gradients_flow() -> None:
    m = torch.tensor([-3.0, 0.2, 0.9], dtype=torch.float64, requires_grad=True)
    grad = torch.tensor([1.0, -2.0, 4.0], dtype=torch.float64)
    TERNARY.quantise(m).backward(grad)
    np.testing.assert_allclose(m.grad.numpy(), grad.numpy() * stacked(TERNARY, m.detach().numpy()), rtol=1e-12)
    through = MembraneConfig(gradient="straight_through")
    m.grad = None
    through.quantise(m).backward(grad)
    assert torch.equal(m.grad, grad)


def test_names() -> None:
    assert membrane("ternary") is membrane(TERNARY) is TERNARY
    assert membrane("five-level") == MembraneConfig(-3, 1)
    assert membrane("none") is membrane(None) is None
    assert membrane("int6") == n_bit(6) == MembraneConfig(-32, 31, 4)
    assert n_bit(8, fine=0) == MembraneConfig(-128, 127)
    assert {"ternary", "five-level", "none"} == set(MEMBRANES)


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_width_has_an_integer_twin_of_that_width(bits: int) -> None:
    assert n_bit(bits).to_ir(16).bits == bits


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: membrane("int1"), "n_bit: bits: found 1, expected a whole number in 2..16"),
        (lambda: membrane("int17"), "bits: found 17"),
        (lambda: membrane("quaternary"), "membrane: found 'quaternary', expected one of ternary"),
        (lambda: MembraneConfig(1, 2), "levels: found 1..2"),
        (lambda: MembraneConfig(0, 0), "levels: found 0..0"),
        (lambda: MembraneConfig(fine=17), "fine: found 17"),
        (lambda: MembraneConfig(gradient="none"), "gradient: found 'none'"),
        (lambda: MembraneConfig(temperature=0), "temperature: found 0"),
    ],
)
def test_what_is_not_supported_is_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_step_finer_than_a_membrane_unit_is_refused() -> None:
    with pytest.raises(ir.NetworkError, match="step_exp: found -2"):
        MembraneConfig(-1, 1, fine=5).to_ir(3)
