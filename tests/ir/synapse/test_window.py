from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lava_spquant.ir import Conv, InputSpec, NetworkError, SumPool
from lava_spquant.ir.limits import PADDING_MAX
from lava_spquant.ir.synapse.window import Pair, padding_values, window_extent, windows

Make = Callable[[Pair], "Conv | SumPool"]

MAKE: list[Make] = [
    lambda padding: Conv([[[[1]]]], 1, stride=10**6, padding=padding),
    lambda padding: SumPool(1, 10**6, padding),
]


def test_padding_is_what_a_window_sees_beside_the_image() -> None:
    x, padding = np.ones((1, 3, 2, 4)), (2, 1)
    seen = windows(x, (1, 1), (1, 1), padding, (1, 1))
    assert padding_values((3, 2, 4), padding) == seen.size - x.size
    assert window_extent((3, 2, 4), (1, 1), (1, 1), padding, (1, 1), "here") == seen.shape[2:4]


@pytest.mark.parametrize("make", MAKE)
def test_padding_that_no_executor_should_hold_is_refused(make: Make) -> None:
    """The shape would be (1, 3, 3), at the price of 4 * 10**12 zeros."""
    kind = make((0, 0)).kind
    message = rf"^{kind}: padding: found \(1000000, 1000000\), which adds 4000008000000 values to \(1, 2, 2\), expected"
    with pytest.raises(NetworkError, match=message):
        make((10**6, 10**6)).output_shape(InputSpec((1, 2, 2)).shape)


@pytest.mark.parametrize("make", MAKE)
def test_padding_up_to_the_limit_is_accepted(make: Make) -> None:
    """Height 2 of width 1: padding the width by p adds 2 * 2 * p."""
    most = PADDING_MAX // 4
    assert make((0, most)).output_shape((1, 2, 1)) == (1, 1, 2 * most // 10**6 + 1)
    with pytest.raises(NetworkError, match="padding"):
        make((0, most + 1)).output_shape((1, 2, 1))


def test_many_channels_need_more() -> None:
    most = PADDING_MAX // 4
    with pytest.raises(NetworkError, match="padding"):
        SumPool(1, 1, (0, most)).output_shape((2, 2, 1))


def test_padding_wider_than_the_kernel_has_a_meaning_for_torch() -> None:
    assert Conv([[[[1]]]], 1, padding=3).output_shape((1, 2, 2)) == (1, 8, 8)
