"""Weights and levels that are fitted, against searches by brute force."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.slayer import QLifConfig
from lava_spquant.slayer.calibrate.potentials import fit_membrane, stored_potentials
from lava_spquant.slayer.calibrate.weights import fit_weights, weight_error
from lava_spquant.slayer.membrane import MembraneConfig
from lava_spquant.slayer.quant import weight_quantiser


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) ** 3


@given(st.integers(0, 1000), st.sampled_from(["int2", "int3", "int4-channel", "int8", "ternary", "ternary-channel"]))
def test_fitted_weights_err_no_more_than_weights_as_they_are(seed: int, name: str) -> None:
    weight, quantiser = drawn(seed, 4, 3, 2, 3), weight_quantiser(name)
    fitted = fit_weights(weight, quantiser)
    before, after = (weight_error(weight, quantiser.integers(w).real()) for w in (weight, fitted))
    assert after <= before + 1e-6
    assert ((fitted == weight) | (fitted.abs() < weight.abs())).all()


def test_a_few_large_weights_are_clipped_and_small_ones_are_zeroed() -> None:
    weight = torch.cat([torch.linspace(-1, 1, 64), torch.tensor([9.0])])[None]
    clipped = fit_weights(weight, weight_quantiser("int4"))
    assert 1 < clipped.max() < 8
    thinned = fit_weights(torch.linspace(-1, 1, 65)[None], weight_quantiser("ternary"))
    zeros = float((thinned == 0).float().mean())
    assert zeros == pytest.approx(1 / 3, abs=0.06)  # the best ternary levels of a uniform density


@pytest.mark.parametrize("name", ["int4-channel", "ternary", "binary", "sawb4", "none"])
def test_all_zero_and_one_sign_weights(name: str) -> None:
    quantiser = weight_quantiser(name)
    for weight in (torch.zeros(2, 5), torch.full((2, 5), 0.5), -drawn(1, 2, 5).abs()):
        fitted = fit_weights(weight, quantiser)
        assert torch.isfinite(quantiser.integers(fitted).real()).all()
    assert weight_error(torch.zeros(3), torch.zeros(3)) == 0


@given(st.integers(0, 1000), st.integers(2, 5), st.floats(-4, 0.5), st.floats(0.05, 2))
def test_levels_err_no_more_than_the_usual_ones(seed: int, bits: int, centre: float, width: float) -> None:
    v = (torch.randn(500, generator=torch.Generator().manual_seed(seed)) * width + centre).clamp(max=1)
    found = fit_membrane(v, bits, 8)
    assert found.q_min <= 0 <= found.q_max
    assert found.q_max - found.q_min == 2**bits - 1
    usual = [MembraneConfig(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, fine) for fine in range(bits)]
    error, least = (min(float((m.nearest(v) - v).square().mean()) for m in group) for group in ([found], usual))
    assert error <= least * 1.05 + 1e-9


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_stored_potentials_by_hand(reset: str) -> None:
    config = QLifConfig(voltage_decay=0.5, reset=reset, membrane=None)
    current = torch.tensor([0.75, 0.75, -2.0, 3.0]).reshape(4, 1, 1)
    # 0.75; 0.375 + 0.75 = 1.125 spikes; then -2 on top of what is left; then half of that plus 3 spikes.
    left = 0.0 if reset == "hard" else 0.125
    low = left / 2 - 2
    last = 0.0 if reset == "hard" else low / 2 + 3 - 1
    expected = torch.tensor([0.75, left, low, last])
    assert torch.allclose(stored_potentials(current, config).flatten(), expected)
