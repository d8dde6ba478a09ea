"""Integers and scales against computations made without torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given

from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.slayer.quant import Binary, FixedStep, FullPrecision, Sawb, Ternary, Uniform
from tests.slayer.quant.weights import weights


def test_ternary_by_hand() -> None:
    # max|w| = 2, threshold 0.05 * 2 = 0.1: 0.1 is kept, 0.09 is not; mean of 2, 1, 0.5, 0.1.
    weight = torch.tensor([[2.0, -1.0, 0.09], [-0.5, 0.1, -0.09]])
    found = Ternary().integers(weight)
    assert found.values.tolist() == [[1, -1, 0], [-1, 1, 0]]
    assert found.scale.tolist() == pytest.approx([3.6 / 4])
    assert found.bits == 1.58


def test_ternary_per_channel_by_hand() -> None:
    # Second row: max 0.5, threshold 0.025, so that all three are kept.
    weight = torch.tensor([[2.0, -1.0, 0.09], [-0.5, 0.1, -0.09]])
    found = Ternary(per_channel=True).integers(weight)
    assert found.values.tolist() == [[1, -1, 0], [-1, 1, -1]]
    assert found.scale.tolist() == pytest.approx([1.5, 0.69 / 3])


def test_binary_by_hand() -> None:
    weight = torch.tensor([[0.5, -1.5], [0.0, -3.0]])
    assert Binary().integers(weight).values.tolist() == [[1, -1], [1, -1]]
    assert Binary().integers(weight).scale.tolist() == [1.25]
    assert Binary(per_channel=True).integers(weight).scale.tolist() == [1.0, 1.5]


def sawb_clip(rows: np.ndarray, bits: int, rule: str) -> np.ndarray:
    """The published formula in float64, row by row."""
    z0, z1 = {4: (0.077, 1.013), 8: (0.027, 1.114)}[bits]
    mean = np.abs(rows).mean(axis=1)
    if rule == "mean":
        return 2 * mean
    clip = rows.std(axis=1) / z0 - z1 / z0 * mean
    return np.where(clip > mean, clip, np.abs(rows).max(axis=1))


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("rule", ["statistics", "mean"])
@pytest.mark.parametrize("bits", [4, 8])
def test_sawb_against_numpy(bits: int, rule: str, per_channel: bool) -> None:
    weight = np.random.default_rng(bits).laplace(0, 0.3, (5, 400)).astype(np.float32)
    rows = weight.astype(np.float64) if per_channel else weight.astype(np.float64).reshape(1, -1)
    clip, top = sawb_clip(rows, bits, rule), 2 ** (bits - 1) - 1
    found = Sawb(bits, rule, per_channel).integers(torch.from_numpy(weight))
    np.testing.assert_allclose(found.scale.numpy(), clip / top, rtol=1e-4)
    levels = rows / clip[:, None] * top
    # Not decided: levels within float32's rounding of a half.
    sure = np.abs(levels - np.floor(levels) - 0.5) > 1e-3
    expected = np.clip(np.rint(levels), -top, top)
    assert sure.mean() > 0.95
    np.testing.assert_array_equal(found.values.numpy().reshape(rows.shape)[sure], expected[sure])
    clipped = np.abs(rows) > clip[:, None]
    assert clipped.any() == (bits == 4 or rule == "mean")
    assert set(expected[clipped]) <= {-top, top}


def test_sawb_rules_differ() -> None:
    weight = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (1, 1000)).astype(np.float32))
    rules = {
        (bits, rule): Sawb(bits, rule).clip_value(weight).item() for bits in (4, 8) for rule in ("statistics", "mean")
    }
    # A normal distribution: std 1, mean|w| 0.798.
    assert rules[4, "statistics"] == pytest.approx(1 / 0.077 - 1.013 / 0.077 * 0.798, rel=0.15)
    assert rules[8, "statistics"] == pytest.approx(1 / 0.027 - 1.114 / 0.027 * 0.798, rel=0.15)
    assert rules[4, "mean"] == rules[8, "mean"] == pytest.approx(1.596, rel=0.05)


@pytest.mark.parametrize("bits", [4, 8])
def test_sawb_takes_the_largest_weight_where_its_statistics_give_no_clip(bits: int) -> None:
    # All of one magnitude: std = mean|w|, and z1 > 1 makes the formula negative.
    weight = torch.tensor([[0.5, -0.5, 0.5, -0.5]])
    quantiser = Sawb(bits)
    assert sawb_clip(weight.numpy(), bits, "statistics").item() == quantiser.clip_value(weight).item() == 0.5
    assert quantiser.integers(weight).values.abs().unique().tolist() == [2 ** (bits - 1) - 1]


@pytest.mark.parametrize("bits", [4, 8])
def test_sawb_never_clips_below_the_mean_weight(bits: int) -> None:
    """Weights between one magnitude and two, at which the formula gives something small and positive."""
    z0, z1 = {4: (0.077, 1.013), 8: (0.027, 1.114)}[bits]
    found = []
    for spread in np.linspace(0.1, 1.5, 400):
        rows = 1 + spread * np.random.default_rng(0).uniform(-1, 1, (1, 300))
        rows[0, ::2] *= -1
        mean, largest = np.abs(rows).mean(), np.abs(rows).max()
        if 0 < rows.std() / z0 - z1 / z0 * mean < mean:
            found.append(float(Sawb(bits).clip_value(torch.from_numpy(rows)).item() / largest))
    assert found
    assert found == pytest.approx([1.0] * len(found))


@given(weight=weights())
def test_uniform_is_off_by_half_a_level_at_most(weight: torch.Tensor) -> None:
    for bits in (2, 4, 8):
        found = Uniform(bits).integers(weight)
        error = (found.real() - weight).abs().max()
        assert error <= found.scale * 0.5 * (1 + 1e-4)


def test_the_fixed_step_is_that_of_slayer() -> None:
    from lava.lib.dl.slayer.neuron.cuba import Neuron

    weight = torch.linspace(-3.9, 3.9, 333).reshape(3, 111)
    theirs = Neuron(1.0, 0.5, 0.5).quantize_8bit
    assert torch.equal(FixedStep(8).fake(weight), theirs(weight))
    assert torch.equal(FixedStep(8).integers(weight).values * 2, theirs(weight, descale=True).to(torch.int32))


@pytest.mark.parametrize("fan_in", [1, 256, 257, 5000])
@pytest.mark.parametrize("bound", [1, 255, 65535])
@pytest.mark.parametrize("per_channel", [False, True])
def test_full_precision_keeps_accumulators_in_24_bits_and_is_as_fine_as_that_allows(
    fan_in: int, bound: int, per_channel: bool
) -> None:
    weight = torch.ones(2, fan_in)
    weight[1] *= -0.25
    found = FullPrecision(bound, per_channel).integers(weight)
    largest = int(found.values.abs().long().sum(dim=1).max()) * bound
    if found.bits > 2:
        assert largest <= STATE_MAX
    if 2 < found.bits < 16:
        finer = fan_in * bound * (2 ** int(found.bits) - 1)
        assert finer > STATE_MAX
    assert found.values[0].tolist() == [2 ** (int(found.bits) - 1) - 1] * fan_in
