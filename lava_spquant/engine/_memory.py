"""Arrays that start on a cache line, so that no vector load straddles two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINE", "aligned_zeros", "line_multiple"]

LINE = 64
"""Bytes in a cache line, and in the widest vector."""


def line_multiple(length: int, dtype: Any) -> int:
    """Return `length` rounded up to whole cache lines of `dtype`."""
    per_line = LINE // np.dtype(dtype).itemsize
    return -(-length // per_line) * per_line


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return zeros whose first value lies on a cache line; so does every row where rows are whole lines."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)
