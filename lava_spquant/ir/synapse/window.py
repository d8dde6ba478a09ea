"""Sliding windows over (N, C, H, W) arrays, shared by convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import Shape
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import PADDING_MAX

__all__ = ["Pair", "padding_values", "window_extent", "windows"]

Pair = tuple[int, int]


def window_extent(shape: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, where: str) -> Pair:
    """Return the output (height, width) for a source of shape (C, H, W).

    Raises
    ------
    NetworkError
        If an output side would be smaller than 1, or padding adds more values than an executor should hold.
    """
    size = (shape[1], shape[2])
    added = padding_values(shape, padding)
    expect(
        added <= PADDING_MAX,
        where,
        "padding",
        found=f"{padding}, which adds {added} values to {shape}",
        expected=f"at most {PADDING_MAX} values",
    )
    sides = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    expect(
        min(sides) >= 1,
        where,
        "kernel",
        found=f"{kernel} with dilation {dilation} on {size} padded by {padding}",
        expected="a kernel that fits",
    )
    return sides[0], sides[1]


def padding_values(shape: Shape, padding: Pair) -> int:
    """Return how many zeros padding puts around a source of shape (C, H, W).

    Examples
    --------
    >>> padding_values((3, 1, 2), (1, 0))
    12
    """
    channels, height, width = shape
    return channels * ((height + 2 * padding[0]) * (width + 2 * padding[1]) - height * width)


def windows(x: NDArray[Any], kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> NDArray[Any]:
    """Return a view (N, C, H_out, W_out, kh, kw) of the zero-padded `x`."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    # NumPy's stubs know one axis only.
    view: NDArray[Any] = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=(2, 3))  # type: ignore[call-overload]
    return view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
