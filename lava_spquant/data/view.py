"""What a camera sees of an image: its luminance, enlarged, in the middle of a larger field, from a shifted place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data
from lava_spquant.data.saccade import GRID
from lava_spquant.data.split import Pixels

__all__ = ["grey", "look", "place", "resize"]

LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in luminance (ITU-R BT.601)."""

Floats = NDArray[np.float32]


def grey(images: Pixels) -> Floats:
    """Return the luminance of images (N, C, H, W) with C 1 or 3: whole numbers 0..255, shape (N, H, W)."""
    good = images.dtype == np.uint8 and images.ndim == 4 and images.shape[1] in (1, 3)
    found = f"{images.dtype} {images.shape}"
    expect_data(good, "emulator", "images", found=found, expected="uint8 (N, C, H, W) with C 1 or 3")
    if images.shape[1] == 1:
        return images[:, 0].astype(np.float32)
    return np.rint(np.tensordot(np.array(LUMINANCE, np.float32), images.astype(np.float32), (0, 1)))


def resize(images: Floats, size: tuple[int, int]) -> Floats:
    """Return images (N, H, W) of another size, interpolated linearly and rounded to whole numbers."""
    if images.shape[1:] == size:
        return images
    rows, columns = (_weights(n, m) for n, m in zip(images.shape[1:], size, strict=True))
    return np.rint(rows @ images @ columns.T).astype(np.float32)


def _weights(source: int, target: int) -> Floats:
    """Return the matrix that interpolates `target` values from `source`, pixel centres on pixel centres."""
    where = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    below = np.minimum(where.astype(int), max(source - 2, 0))
    matrix = np.zeros((target, source), np.float32)
    rows, share = np.arange(target), (where - below).astype(np.float32)
    matrix[rows, below] = 1 - share
    matrix[rows, np.minimum(below + 1, source - 1)] += share
    return matrix


def place(images: Floats, field: tuple[int, int], border: str) -> Floats:
    """Return images (N, H, W) in the middle of a field, the batch last: shape (*field, N).

    What surrounds them is black, or their own edge continued; what does not fit is cut off.
    """
    wide: list[tuple[int, int]] = [(0, 0)]
    for axis, (size, wanted) in enumerate(zip(images.shape[1:], field, strict=True), start=1):
        cut = max(size - wanted, 0)
        images = np.take(images, np.arange(cut // 2, size - (cut - cut // 2)), axis=axis)
        more = max(wanted - size, 0)
        wide.append((more // 2, more - more // 2))
    padded = np.pad(images, wide, mode="constant" if border == "black" else "edge")
    return np.ascontiguousarray(padded.transpose(1, 2, 0))


def look(field: Floats, row: int, column: int, out: Floats, rows: Floats) -> Floats:
    """Interpolate what lies in a field from `row` and `column` on, both in 1/64 pixel.

    Parameters
    ----------
    field : numpy.ndarray, float32, shape (H + 1 or more, W + 1 or more, N)
    row, column : int
    out : numpy.ndarray, float32, shape (H, W, N)
        Receives the result, in units of 1/64**2.
    rows : numpy.ndarray, float32, shape (2, H, W + 1, N)
        Written to.

    Returns
    -------
    numpy.ndarray
        `out`. Exact for whole numbers up to 12 bits.
    """
    height, width = out.shape[:2]
    (top, down), (left, right) = divmod(row, GRID), divmod(column, GRID)
    near, far = rows
    strip = slice(left, left + width + 1)
    np.multiply(field[top : top + height, strip], np.float32(GRID - down), out=near)
    np.multiply(field[top + 1 : top + height + 1, strip], np.float32(down), out=far)
    near += far
    np.multiply(near[:, :-1], np.float32(GRID - right), out=out)
    scratch = far[:, :-1]
    np.multiply(near[:, 1:], np.float32(right), out=scratch)
    out += scratch
    return out
