from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir import Dense, NetworkError


def test_by_hand() -> None:
    """[[1, -2, 0], [0, 3, -1]] on (4, 5, 6): 4 - 10 = -6 and 15 - 6 = 9."""
    assert Dense([[1, -2, 0], [0, 3, -1]], 3).accumulate(np.array([[4, 5, 6]])).tolist() == [[-6, 9]]


def test_an_image_is_flattened_channel_by_channel() -> None:
    weight = np.arange(2 * 3 * 4).reshape(1, -1)
    x = np.zeros((1, 2, 3, 4), np.int32)
    x[0, 1, 2, 0] = 1
    dense = Dense(weight, 6)
    assert dense.output_shape((2, 3, 4)) == (1,)
    assert dense.accumulate(x).item() == 1 * 12 + 2 * 4 + 0


@given(st.integers(0, 2**16), st.sampled_from(["any", "zero", "positive", "negative"]))
def test_equals_integer_matrix_product_within_its_bounds(seed: int, sign: str) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-127, 128, (3, 5))
    weight = {"any": weight, "zero": 0 * weight, "positive": abs(weight), "negative": -abs(weight)}[sign]
    dense, x = Dense(weight, 8), rng.integers(-8, 8, (4, 5))
    acc = dense.accumulate(x)
    np.testing.assert_array_equal(acc, x @ weight.T)
    assert acc.dtype == np.int32
    low, high = dense.acc_bounds((-8, 7))
    assert np.all(low <= acc.min(axis=0))
    assert np.all(acc.max(axis=0) <= high)


def test_bounds_are_reached() -> None:
    dense = Dense([[3, -2]], 3)
    low, high = dense.acc_bounds((-4, 7))
    assert dense.accumulate(np.array([[-4, 7]])).item() == low.item() == -26
    assert dense.accumulate(np.array([[7, -4]])).item() == high.item() == 29


def test_num_weights() -> None:
    assert Dense(np.zeros((2, 3), int), 2).num_weights == 6


@pytest.mark.parametrize("weight", [[1, 2], [[[1]]], np.zeros((0, 3), int), np.zeros((2, 0), int), 5])
def test_weight_must_be_a_matrix(weight: object) -> None:
    with pytest.raises(NetworkError, match=r"^dense: weight: .*expected \(C_out, C_in\)"):
        Dense(weight, 8)


def test_the_source_must_have_as_many_values() -> None:
    with pytest.raises(NetworkError, match=r"^dense: inputs: found \(2, 2, 1\), expected 3 values"):
        Dense([[1, 1, 1]], 2).output_shape((2, 2, 1))


def test_bounds_hold_zero_for_silence() -> None:
    """A delayed branch hears 0 before its source's first value, also where that source never sends 0."""
    low, high = Dense([[3, -2]], 3).acc_bounds((4, 7))
    assert (low.item(), high.item()) == (-14, 21)


def test_the_number_of_values_of_a_source_does_not_wrap() -> None:
    """274177 * 67280421310721 = 2**64 + 1, which is 1 in 64 bits."""
    with pytest.raises(NetworkError, match="^dense: inputs: .*expected 1 values"):
        Dense([[1]], 1).output_shape((1, 274177, 67280421310721))
