from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import Identity


@pytest.mark.parametrize("shape", [(3,), (2, 1, 4)])
def test_hands_on_what_it_reads(shape: tuple[int, ...]) -> None:
    x = np.arange(2 * np.prod(shape)).reshape(2, *shape)
    acc = Identity().accumulate(x)
    np.testing.assert_array_equal(acc, x)
    assert acc.dtype == np.int32
    assert Identity().output_shape(shape) == shape


def test_bounds_hold_zero_for_silence() -> None:
    low, high = Identity().acc_bounds((3, 5))
    assert (low.item(), high.item()) == (0, 5)
    low, high = Identity().acc_bounds((-5, -3))
    assert (low.item(), high.item()) == (-5, 0)


def test_no_weights() -> None:
    assert Identity().num_weights == Identity().weight_bits == 0
