from __future__ import annotations

from fractions import Fraction
from math import floor, trunc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir.arith import broadcast_channels, decay_toward_zero, rescale, round_shift, saturate
from lava_spquant.ir.limits import STATE_MAX

state = st.integers(-STATE_MAX, STATE_MAX)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 31))
def test_round_shift_rounds_to_nearest_and_halves_up(x: int, shift: int) -> None:
    assert round_shift(np.array([x], dtype=np.int64), shift).item() == floor(Fraction(x, 2**shift) + Fraction(1, 2))


@given(state, st.integers(0, 4096))
def test_decay_truncates_toward_zero(x: int, decay: int) -> None:
    assert decay_toward_zero(np.array([x], dtype=np.int32), decay).item() == trunc(Fraction(x * (4096 - decay), 4096))


@given(state, st.integers(0, 4096))
def test_decay_is_odd_and_never_grows(x: int, decay: int) -> None:
    there, back = (int(decay_toward_zero(np.array([v]), decay).item()) for v in (x, -x))
    assert there == -back
    assert abs(there) <= abs(x)


def test_decay_ends() -> None:
    x = np.array([-STATE_MAX, -1, 0, 1, STATE_MAX])
    np.testing.assert_array_equal(decay_toward_zero(x, 0), x)
    assert not decay_toward_zero(x, 4096).any()


def test_saturate_is_symmetric() -> None:
    x = np.array([-(2**31), -STATE_MAX - 1, -STATE_MAX, 0, STATE_MAX, STATE_MAX + 1, 2**31])
    expected = [-STATE_MAX, -STATE_MAX, -STATE_MAX, 0, STATE_MAX, STATE_MAX, STATE_MAX]
    assert saturate(x).tolist() == expected
    assert saturate(x).dtype == np.int32


def test_rescale_by_hand() -> None:
    """Channel 0: (3*5 + 2) >> 2 = 4 and (3*-6 + 2) >> 2 = -4; channel 1: (-1*5 + 2) >> 2 = -1 and (6 + 2) >> 2 = 2."""
    acc = np.array([[[[5, -6]], [[5, -6]]]], dtype=np.int32)
    out = rescale(acc, np.array([3, -1], dtype=np.int16), 2)
    assert out.tolist() == [[[[4, -4]], [[-1, 2]]]]


def test_rescale_does_not_overflow_32_bits_on_the_way() -> None:
    acc = np.array([[2**16 + 1]], dtype=np.int32)
    assert rescale(acc, np.array([2**15 - 1], dtype=np.int16), 0).item() == (2**16 + 1) * (2**15 - 1)


def test_broadcast_channels() -> None:
    assert broadcast_channels(np.arange(2), 3).shape == (2, 1, 1)
    assert broadcast_channels(np.arange(2), 1).shape == (2,)
    assert broadcast_channels(np.zeros((2, 3, 4)), 3).shape == (2, 3, 4)
