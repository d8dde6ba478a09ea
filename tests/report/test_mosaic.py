from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.report.mosaic import GAP, grid_columns, mosaic, spread


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9))
def test_a_mosaic_holds_every_map_once(channels: int, height: int, width: int, columns: int) -> None:
    maps = np.arange(channels * height * width).reshape(channels, height, width)
    image = mosaic(maps, columns)
    assert sorted(image[image != GAP]) == list(range(maps.size))
    last = channels - 1
    y, x = last // columns * (height + 1), last % columns * (width + 1)
    np.testing.assert_array_equal(image[y : y + height, x : x + width], maps[last])


def test_grids_fill_their_panel() -> None:
    assert grid_columns(64, 8, 8, aspect=1.0) == 8
    assert grid_columns(16, 8, 8, aspect=1.0) == 4
    assert grid_columns(16, 4, 8, aspect=1.0) < grid_columns(16, 8, 4, aspect=1.0)
    assert grid_columns(1, 3, 3, aspect=5.0) == 1


@given(st.integers(1, 500), st.integers(2, 100))
def test_spread_is_ordered_and_reaches_both_ends(count: int, limit: int) -> None:
    indices = spread(count, limit)
    assert len(set(indices.tolist())) == len(indices) == min(count, limit)
    assert (indices[0], indices[-1]) == (0, count - 1)
    assert np.all(np.diff(indices) > 0)
