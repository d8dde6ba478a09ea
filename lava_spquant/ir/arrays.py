"""Read-only integer arrays for frozen dataclasses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lava_spquant.ir.errors import NetworkError, expect

__all__ = ["IntArray", "Shape", "as_pair", "frozen_ints"]

IntArray = NDArray[np.signedinteger[Any]]
Shape = tuple[int, ...]


def frozen_ints(values: ArrayLike, dtype: type[np.signedinteger[Any]], where: str, what: str) -> IntArray:
    """Return `values` as a read-only integer array, refusing anything that would be rounded or cut.

    Parameters
    ----------
    values : array_like
        Integers, or floats that are whole numbers.
    dtype : type
        A signed NumPy integer type.
    where, what : str
        Named in the error.

    Returns
    -------
    numpy.ndarray
        A C-contiguous copy with `writeable` off.

    Raises
    ------
    NetworkError
        If a value is not a whole number or does not fit `dtype`.
    """
    raw = np.asarray(values)
    expect(raw.dtype.kind in "biuf", where, what, found=f"dtype {raw.dtype}", expected="integers")
    info = np.iinfo(dtype)
    if raw.size:
        if raw.dtype.kind == "f" and not np.array_equal(raw, np.rint(raw)):
            raise NetworkError(f"{where}: {what}: found values that are not whole numbers, expected integers")
        low, high = raw.min(), raw.max()
        expect(
            low >= info.min and high <= info.max,
            where,
            what,
            found=f"values in {low}..{high}",
            expected=f"{info.min}..{info.max}",
        )
    out = np.array(raw, dtype=dtype, order="C", copy=True)
    out.flags.writeable = False
    return out


def as_pair(value: int | tuple[int, int], where: str, what: str, minimum: int) -> tuple[int, int]:
    """Return `value` as a (height, width) pair of whole numbers of at least `minimum`.

    Raises
    ------
    NetworkError
        If it is neither one number nor a pair, or one of them is too small.
    """
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    good = len(pair) == 2 and all(isinstance(p, (int, np.integer)) and p >= minimum for p in pair)
    expect(good, where, what, found=value, expected=f"one whole number or a (height, width) pair, each >= {minimum}")
    return int(pair[0]), int(pair[1])
