from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.engine._memory import LINE, aligned_zeros, line_multiple


@pytest.mark.parametrize("shape", [(1,), (3, 16), (5, 48), (0,), (2, 0)])
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_arrays_start_on_a_cache_line(shape: tuple[int, ...], dtype: type) -> None:
    for _ in range(5):
        array = aligned_zeros(shape, dtype)
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.size == 0 or array.ctypes.data % LINE == 0
        assert not array.any()


@pytest.mark.parametrize(("length", "dtype", "lines"), [(1, np.int16, 32), (32, np.int16, 32), (17, np.int32, 32)])
def test_lengths_are_whole_lines(length: int, dtype: type, lines: int) -> None:
    assert line_multiple(length, dtype) == lines
