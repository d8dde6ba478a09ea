from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError, SaccadeConfig
from lava_spquant.data.saccade import GRID


def test_the_triangle_of_n_mnist() -> None:
    path = SaccadeConfig(instants=4)
    assert (path.duration_us, path.reach) == (300_000, 4)
    assert path.times()[::4].tolist() == [0, 100_000, 200_000, 300_000]
    # (row, column); rows count downwards, so that the camera starts at the upper left.
    assert (path.offsets()[::4] / GRID).tolist() == [[-3.5, -3.5], [3.5, 0], [-3.5, 3.5], [-3.5, -3.5]]


def test_a_saccade_starts_and_ends_slowly() -> None:
    path = SaccadeConfig(path=((-1, 0), (1, 0)), amplitude=8, instants=4)
    columns = path.offsets()[:, 1] / GRID
    # -8 * cos(pi * k / 4) on the grid of 1/64
    assert columns.tolist() == [-8, -362 / 64, 0, 362 / 64, 8]
    assert not path.offsets()[:, 0].any()


def test_the_camera_stays_within_reach() -> None:
    path = SaccadeConfig(path=((0, 0), (1, -0.3)), amplitude=2.3)
    assert path.reach == 3
    assert np.abs(path.offsets()).max() <= 3 * GRID


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": ((0, 0),)}, "path: .* expected at least two points"),
        ({"path": ((0, 0), (2, 0))}, "path"),
        ({"path": ((0, 0), (float("nan"), 0))}, "path"),
        ({"amplitude": -1}, r"amplitude: found -1, expected 0\.\.128"),
        ({"saccade_us": 0}, "saccade_us"),
        ({"instants": 0}, "instants"),
    ],
)
def test_refusals(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        SaccadeConfig(**changes)  # type: ignore[arg-type]
