from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import Clip, NetworkError
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.ir.neuron import clip_step


def test_clips_the_sum_of_current_and_bias() -> None:
    current = np.array([[[[1, -200, 300]]]], dtype=np.int64)
    bias = np.array([[[10, 20, -280]]], dtype=np.int32)
    out, state = clip_step(Clip(-100, 15), {}, current, bias)
    assert out["graded"].tolist() == [[[[11, -100, 15]]]]
    assert out["graded"].dtype == np.int32
    assert state == {}


@pytest.mark.parametrize(
    ("current", "expected"),
    [((-3, 7), (-3, 7)), ((-300, 7), (-100, 7)), ((20, 30), (15, 15)), ((-500, -400), (-100, -100))],
)
def test_bounds(current: tuple[int, int], expected: tuple[int, int]) -> None:
    assert Clip(-100, 15).output_bounds("graded", current) == expected
    assert Clip(-100, 15).state_bits == 0


@pytest.mark.parametrize(
    "range_", [(0, 0), (2, 1), (1, 5), (-3, -1), (-STATE_MAX - 1, 0), (0, STATE_MAX + 1), (0.0, 1)]
)
def test_a_range_that_is_none_is_refused(range_: tuple[int, int]) -> None:
    with pytest.raises(NetworkError, match="clip: range: found"):
        Clip(*range_)
