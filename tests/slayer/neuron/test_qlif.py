"""The quantised-membrane LIF in training: its integer twin, and gradients computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir.neuron.qlif import qlif_step
from lava_spquant.slayer.membrane import FIVE_LEVEL, TERNARY, MembraneConfig, n_bit
from lava_spquant.slayer.neuron import QLif, QLifConfig, qlif
from lava_spquant.slayer.surrogate import Exponential, Triangle

CONFIGS = st.builds(
    QLifConfig,
    voltage_decay=st.sampled_from([0.0, 0.5, 0.75, 1.0, 1 / 4096, 4095 / 4096]),
    reset=st.sampled_from(["hard", "soft"]),
    membrane=st.sampled_from([TERNARY, FIVE_LEVEL, n_bit(2), n_bit(4), MembraneConfig(0, 1)]),
    frac_bits=st.just(12),
)


def run_integers(config: QLifConfig, current: np.ndarray) -> np.ndarray:
    neuron = QLif(config).to_ir_neuron()
    state = {"v": np.zeros(current.shape[1:], np.int32)}
    spikes = []
    for step in current:
        out, state = qlif_step(neuron, state, step, np.array(0))
        spikes.append(out["spikes"])
    return np.stack(spikes)


@given(config=CONFIGS, seed=st.integers(0, 2**16), steps=st.integers(1, 6))
def test_training_is_exact_where_nothing_is_rounded(config: QLifConfig, seed: int, steps: int) -> None:
    # Levels are multiples of a quarter threshold, 2**10 units, so a 12-bit leak of them is whole: floats are exact.
    units = np.random.default_rng(seed).integers(-3 * 4096, 3 * 4096, (steps, 2, 3, 2, 1))
    found = qlif(torch.tensor(units, dtype=torch.float32) / 4096, config)
    np.testing.assert_array_equal(found.numpy(), run_integers(config, units))


@pytest.mark.parametrize("reset", ["hard", "soft"])
@given(seed=st.integers(0, 2**16), threshold=st.sampled_from([0.5, 1.0, 4.0]))
def test_without_a_membrane_quantiser(reset: str, seed: int, threshold: float) -> None:
    # Without a leak every potential is a whole number of units.
    config = QLifConfig(threshold, 0.0, reset, None)
    units = np.random.default_rng(seed).integers(-6000, 9000, (5, 1, 4))
    current = torch.tensor(units, dtype=torch.float32) / 4096 * threshold
    np.testing.assert_array_equal(QLif(config).respond(current).numpy(), run_integers(config, units))


def test_a_potential_at_the_threshold_does_not_spike() -> None:
    assert qlif(torch.tensor([[[1.0, 1.0 + 2**-20]]]), QLifConfig()).tolist() == [[[0, 1]]]


def tri(x: float) -> float:
    return max(0.0, 1 - abs(x))


def stacked(m: float) -> float:
    """Ternary stacked gradient at T = 2."""
    s = [1 / (1 + np.exp(-2 * (m - c))) for c in (-0.5, 0.5)]
    return sum(2 * p * (1 - p) for p in s)


@pytest.mark.parametrize("first", [0.6, 1.3, -0.4, 1.9])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("membrane", [None, TERNARY])
def test_two_steps_of_gradient_by_hand(first: float, reset: str, membrane: MembraneConfig | None) -> None:
    second, decay = 0.45, 0.25
    config = QLifConfig(1.0, decay, reset, membrane, Triangle())
    current = torch.tensor([first, second], dtype=torch.float64).reshape(2, 1, 1).requires_grad_()
    spikes = qlif(current, config)
    weights = torch.tensor([2.0, 3.0], dtype=torch.float64)
    (spikes.flatten() * weights).sum().backward()

    s1 = float(first > 1)
    # Hard: after = m (1 - s), so d after / dm = (1 - s) - m s'(m): s is not detached. Soft: after = m - s.
    after, slope = (
        (first * (1 - s1), (1 - s1) - first * tri(first - 1))
        if reset == "hard"
        else (
            first - s1,
            1 - tri(first - 1),
        )
    )
    kept = after if membrane is None else max(-1.0, min(1.0, np.floor(after + 0.5)))
    slope *= 1 if membrane is None else stacked(after)
    m2 = kept * (1 - decay) + second
    expected = [2 * tri(first - 1) + 3 * tri(m2 - 1) * (1 - decay) * slope, 3 * tri(m2 - 1)]
    assert spikes.flatten().tolist() == [s1, float(m2 > 1)]
    np.testing.assert_allclose(current.grad.flatten().numpy(), expected, rtol=1e-9)
    assert expected[1] > 0


def test_the_gradient_is_in_units_of_the_current() -> None:
    current = torch.full((1, 1, 1), 1.8, requires_grad=True)
    QLif(QLifConfig(threshold=2.0)).respond(current).sum().backward()
    # x = 1.8 / 2 - 1 = -0.1; ds/dI = tri(x) / threshold.
    assert current.grad.item() == pytest.approx(0.9 / 2)


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("membrane", [None, TERNARY, FIVE_LEVEL])
def test_smooth_surrogates_leave_no_gradient_undefined(reset: str, membrane: MembraneConfig | None) -> None:
    config = replace(QLifConfig(surrogate=Exponential(0.5)), reset=reset, membrane=membrane)
    current = torch.randn(7, 3, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    qlif(current, config).sum().backward()
    assert bool(torch.isfinite(current.grad).all())
    assert bool((current.grad != 0).all())


def test_the_integer_neuron() -> None:
    neuron = QLif(QLifConfig(0.7, 0.3, "soft", n_bit(4), frac_bits=10)).to_ir_neuron()
    assert neuron == ir.QLif(round(0.3 * 4096), 1024, "soft", ir.Membrane(8, -8, 7))
    assert QLif(QLifConfig(membrane=None)).to_ir_neuron().membrane is None
