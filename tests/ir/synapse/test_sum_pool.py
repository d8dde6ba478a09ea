from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import NetworkError, SumPool
from lava_spquant.ir.synapse.base import BOUND_MAX


def test_by_hand() -> None:
    """2 x 3 image 1 2 3 / 4 5 6, window 2 x 1 and its own stride: columns 5, 7, 9."""
    pool = SumPool((2, 1))
    assert pool.steps == pool.stride == (2, 1)
    assert pool.accumulate(np.array([[[[1, 2, 3], [4, 5, 6]]]])).tolist() == [[[[5, 7, 9]]]]


def test_padding_counts_as_zero() -> None:
    """Width 3 padded by 1: 0 1 2 3 0; window 2, stride 2: 0+1, 2+3."""
    pool = SumPool((1, 2), (1, 2), (0, 1))
    assert pool.accumulate(np.array([[[[1, 2, 3]]]])).tolist() == [[[[1, 5]]]]


def test_bounds_are_reached() -> None:
    pool = SumPool((2, 3))
    low, high = pool.acc_bounds((-2, 5))
    assert (low.item(), high.item()) == (-12, 30)
    assert pool.accumulate(np.full((1, 1, 2, 3), -2)).item() == -12
    assert pool.accumulate(np.full((1, 1, 2, 3), 5)).item() == 30


def test_bounds_hold_zero_for_padding() -> None:
    low, high = SumPool(2).acc_bounds((3, 5))
    assert (low.item(), high.item()) == (0, 20)


def test_bounds_beyond_64_bits_end_before_them() -> None:
    low, high = SumPool(2**20).acc_bounds((-(2**31), 2**31))
    assert low.dtype == high.dtype == np.int64
    assert (low.item(), high.item()) == (-BOUND_MAX, BOUND_MAX)


def test_no_weights() -> None:
    assert SumPool(2).num_weights == SumPool(2).weight_bits == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [((0,), "kernel: found 0"), ((2, 0), "stride: found 0"), ((2, 2, -1), "padding: found -1"), ((1.5,), "kernel")],
)
def test_fields_out_of_range(fields: tuple[int, ...], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^pool: {message}"):
        SumPool(*fields)


def test_only_images_have_windows() -> None:
    with pytest.raises(NetworkError, match=r"^pool: input shape: found \(4,\)"):
        SumPool(2).output_shape((4,))
    with pytest.raises(NetworkError, match="^pool: kernel: .*expected a kernel that fits"):
        SumPool(2).output_shape((1, 1, 4))
