from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lava_spquant.ir import NetworkError, fit_gain
from lava_spquant.ir.limits import GAIN_MAX, PRODUCT_MAX, SHIFT_MAX, STATE_MAX

scales = arrays(np.float64, st.integers(1, 5), elements=st.floats(-1e4, 1e4, allow_subnormal=False))
acc_bounds = st.integers(0, STATE_MAX)


def fits(scale: np.ndarray, acc: int, shift: int) -> bool:
    """The two conditions of rule 2, in Python's integers."""
    gains = [round(float(s) * 2**shift) for s in scale]
    half = 2 ** (shift - 1) if shift else 0
    return all(abs(g) <= GAIN_MAX and abs(g) * acc + half <= PRODUCT_MAX for g in gains)


@given(scales, st.integers(1, STATE_MAX))
def test_the_shift_is_the_largest_that_fits(scale: np.ndarray, acc: int) -> None:
    if not any(fits(scale, acc, s) for s in range(SHIFT_MAX + 1)):
        with pytest.raises(NetworkError, match="use fewer fractional bits or a larger threshold"):
            fit_gain(scale, np.array([acc]), vth=64)
        return
    fit = fit_gain(scale, np.array([acc]), vth=64)
    assert fits(scale, acc, fit.shift)
    assert fit.shift == max(s for s in range(SHIFT_MAX + 1) if fits(scale, acc, s))


@given(scales, st.integers(1, 2**16))
def test_gains_are_nearest_to_their_scales(scale: np.ndarray, acc: int) -> None:
    fit = fit_gain(scale, np.array([acc]), vth=64)
    assert fit.gain.dtype == np.int16
    assert np.all(np.abs(fit.gain / 2.0**fit.shift - scale) <= 0.5 / 2**fit.shift)


@given(scales, st.integers(1, 2**10), st.integers(1, 2**20))
def test_channels_that_matter_keep_8_bits_or_are_named(scale: np.ndarray, acc: int, vth: int) -> None:
    fit = fit_gain(scale, np.array([acc]), vth)
    for channel, (real, gain) in enumerate(zip(scale, fit.gain, strict=True)):
        if abs(real) * acc >= vth / 256 and channel not in fit.coarse:
            assert abs(int(gain)) >= 128
            assert abs(gain / 2.0**fit.shift - real) <= abs(real) / 255
        if abs(real) * acc < vth / 256:
            assert channel not in fit.coarse


def test_a_tiny_channel_beside_a_huge_one_is_coarse_when_it_matters() -> None:
    scale, acc = np.array([1000.0, 0.01]), np.array([1, 100])
    assert fit_gain(scale, acc, vth=64).coarse == (1,)
    assert fit_gain(scale, acc, vth=64 * 1000).coarse == ()


@given(scales, st.integers(1, 2**16))
def test_the_sign_of_a_scale_is_the_sign_of_its_gain(scale: np.ndarray, acc: int) -> None:
    here, mirrored = fit_gain(scale, np.array([acc]), vth=64), fit_gain(-scale, np.array([acc]), vth=64)
    assert here.shift == mirrored.shift
    np.testing.assert_array_equal(here.gain, -mirrored.gain)


def test_a_channel_without_input_does_not_set_the_shift() -> None:
    fit = fit_gain(np.array([1e9, 0.5]), np.array([0, 9]), vth=64)
    alone = fit_gain(np.array([0.5]), np.array([9]), vth=64)
    assert fit.gain.tolist() == [0, alone.gain.item()]
    assert fit.shift == alone.shift
    assert fit.coarse == ()


def test_nothing_at_all_takes_the_largest_shift() -> None:
    fit = fit_gain(np.zeros(3), np.zeros(3, int), vth=64)
    assert fit.gain.tolist() == [0, 0, 0]
    assert fit.shift == SHIFT_MAX


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scales_must_be_finite(bad: float) -> None:
    with pytest.raises(NetworkError, match="^block 'a': scale: found NaN or infinity"):
        fit_gain(np.array([1.0, bad]), np.array([1]), vth=64, where="block 'a'")


def test_too_large_a_scale_names_its_channel() -> None:
    with pytest.raises(NetworkError, match=r"gain of channel 1: found 40000 "):
        fit_gain(np.array([1.0, 40000.0]), np.array([1]), vth=64)
    with pytest.raises(NetworkError, match=r"gain of channel 0: found 1000 "):
        fit_gain(np.array([1000.0]), np.array([STATE_MAX]), vth=64)


def test_the_scale_is_not_changed() -> None:
    scale = np.array([1.0, 2.0])
    fit_gain(scale, np.array([0, 1]), vth=64)
    assert scale.tolist() == [1.0, 2.0]


def test_eight_significant_bits_begin_at_128() -> None:
    fit = fit_gain(np.array([32767.0, 128.0, 127.0, -128.0]), np.array([1]), vth=64)
    assert fit.shift == 0
    assert fit.coarse == (2,)
