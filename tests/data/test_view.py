from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError
from lava_spquant.data.saccade import GRID
from lava_spquant.data.view import grey, look, place, resize


def test_luminance() -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8).reshape(4, 3, 1, 1)
    assert grey(colours).ravel().tolist() == [76, 150, 29, 255]  # 255 * (0.299, 0.587, 0.114, 1)
    one = np.array([[[[7, 8]]]], np.uint8)
    assert grey(one).tolist() == [[[7, 8]]]
    with pytest.raises(DataError, match=r"images: found uint8 \(4, 2, 1, 1\)"):
        grey(colours[:, :2])


def test_resize() -> None:
    image = np.array([[[0, 100, 200]]], np.float32)
    assert resize(image, (1, 3)) is image
    # Pixel centres of 6 within 3: -0.25 (clipped), 0.25, 0.75, 1.25, 1.75, 2.25 (clipped)
    assert resize(image, (1, 6)).tolist() == [[[0, 25, 75, 125, 175, 200]]]
    assert resize(image, (2, 1)).tolist() == [[[100], [100]]]
    assert resize(np.full((1, 1, 1), 9, np.float32), (2, 3)).tolist() == [[[9, 9, 9], [9, 9, 9]]]


def test_place() -> None:
    image = np.array([[[1, 2], [3, 4]]], np.float32)
    assert place(image, (4, 2), "black")[..., 0].tolist() == [[0, 0], [1, 2], [3, 4], [0, 0]]
    assert place(image, (2, 4), "edge")[..., 0].tolist() == [[1, 1, 2, 2], [3, 3, 4, 4]]
    wide = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    assert place(wide, (1, 3), "black")[..., 0].tolist() == [[1, 2, 3]]


def test_look_interpolates_exactly() -> None:
    rng = np.random.default_rng(0)
    field = rng.integers(0, 4096, (6, 7, 2)).astype(np.float32)
    out, rows = np.empty((3, 4, 2), np.float32), np.empty((2, 3, 5, 2), np.float32)
    for row, column in ((0, 0), (64, 130), (191, 63), (17, 190)):
        look(field, row, column, out, rows)
        exact = field.astype(int)
        (top, down), (left, right) = divmod(row, GRID), divmod(column, GRID)
        expected = sum(
            weight * exact[top + i : top + i + 3, left + j : left + j + 4]
            for i, j, weight in (
                (0, 0, (GRID - down) * (GRID - right)),
                (0, 1, (GRID - down) * right),
                (1, 0, down * (GRID - right)),
                (1, 1, down * right),
            )
        )
        assert np.array_equal(out, expected)
