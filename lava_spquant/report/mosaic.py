"""Laying out the channels of a block as one image."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import IntArray

__all__ = ["GAP", "grid_columns", "mosaic", "spread"]

GAP = -1
"""Value of the pixels between two channel maps."""


def spread(count: int, limit: int) -> NDArray[np.int64]:
    """Return all indices below `count`, or `limit` of them evenly spread.

    Examples
    --------
    >>> spread(3, 8).tolist(), spread(10, 4).tolist()
    ([0, 1, 2], [0, 3, 6, 9])
    """
    return np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64)


def grid_columns(channels: int, height: int, width: int, aspect: float) -> int:
    """Return how many maps of height x width to put side by side.

    The maps get as large as they can in a panel of `aspect` (width / height); a full last row
    is worth a little size.

    Examples
    --------
    >>> grid_columns(16, 8, 8, aspect=1.0), grid_columns(16, 8, 8, aspect=4.0)
    (4, 8)
    """

    def worth(columns: int) -> tuple[float, int]:
        rows = math.ceil(channels / columns)
        scale = min(aspect / (columns * (width + 1)), 1 / (rows * (height + 1)))
        full = channels % columns == 0
        return scale * (1.15 if full else 1.0), -columns

    return max(range(1, channels + 1), key=worth)


def mosaic(maps: IntArray, columns: int) -> NDArray[np.int64]:
    """Return maps (C, H, W) as one image, `columns` side by side with a gap of one pixel.

    Examples
    --------
    >>> mosaic(np.arange(3).reshape(3, 1, 1), columns=2).tolist()
    [[0, -1, 1], [-1, -1, -1], [2, -1, -1]]
    """
    channels, height, width = maps.shape
    rows = math.ceil(channels / columns)
    image = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), GAP, dtype=np.int64)
    for c in range(channels):
        y, x = c // columns * (height + 1), c % columns * (width + 1)
        image[y : y + height, x : x + width] = maps[c]
    return image
