"""Every place and channel belongs to one tile."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.slayer.neuron.op.cuda.tiling import Tiling


@given(st.integers(1, 5000), st.integers(1, 600))
def test_tiles_cover_a_matrix_and_none_is_empty(rows: int, channels: int) -> None:
    tiling = Tiling(rows, channels)
    for size, tiles, edge in zip((rows, channels), tiling.grid, tiling.constants.values(), strict=True):
        assert edge & (edge - 1) == 0
        assert (tiles - 1) * edge < size <= tiles * edge
    assert tiling.constants["ROWS"] * tiling.constants["COLUMNS"] == 1024
    counts = tiling.counts(torch.device("cpu"))
    assert counts.shape == (tiling.sums_shape[0], 1)
    assert float(counts.min()) >= 1
    assert float(counts.sum()) == rows
