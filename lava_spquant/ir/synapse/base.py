"""What every synapse of the integer network offers."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.errors import NetworkError, expect
from lava_spquant.ir.limits import WEIGHT_BITS_MAX
from lava_spquant.ir.neuron.base import Bounds

__all__ = ["BOUND_MAX", "TERNARY_BITS", "Synapse", "check_weight", "required_bits", "weight_bounds"]

TERNARY_BITS = 1.58
"""The declared width of {-1, 0, +1}; such weights are stored and counted as 2 bits."""

BOUND_MAX = 2**62
"""Where bounds of accumulators end: far beyond what any proof accepts, and short of what an int64 holds."""


class Synapse(Protocol):
    """A frozen dataclass that turns a source's stream into accumulators, exactly.

    Attributes
    ----------
    kind : str
        Its name in the registry and in files.
    """

    kind: ClassVar[str]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the accumulators for a source of `input_shape`, without N."""
        ...

    def accumulate(self, x: IntArray) -> IntArray:
        """Return int32 accumulators (N, *output shape) for a stream (N, *input shape)."""
        ...

    def acc_bounds(self, x: Bounds) -> tuple[IntArray, IntArray]:
        """Return, per output channel (C,) or (1,), int64 bounds of the accumulators.

        Those of accumulators that no network may have can end at `BOUND_MAX`.
        """
        ...

    @property
    def weight_bits(self) -> float:
        """Declared width of a weight; 0 where there are no weights."""
        ...

    @property
    def num_weights(self) -> int:
        """Number of stored weights."""
        ...


def required_bits(weight: IntArray) -> int:
    """Return the smallest n with all weights in -(2**(n-1)-1)..2**(n-1)-1, at least 2.

    Examples
    --------
    >>> required_bits(np.array([-1, 0, 1])), required_bits(np.array([-256, 254]))
    (2, 10)
    """
    largest = int(np.abs(weight.astype(np.int64)).max()) if weight.size else 0
    return max(2, largest.bit_length() + 1)


def check_weight(weight: IntArray, bits: float, where: str) -> None:
    """Raise `NetworkError` unless every weight lies in the range that `bits` declares.

    Parameters
    ----------
    weight : numpy.ndarray
    bits : float
        1 for {-1, +1}, 1.58 for {-1, 0, +1}, n = 2..16 for -(2**(n-1)-1)..2**(n-1)-1.
    where : str
        Named in the error.
    """
    if bits == 1:
        expect(bool(np.all(np.abs(weight) == 1)), where, "weight", found="other values", expected="-1 and +1 at 1 bit")
        return
    whole = bits == TERNARY_BITS or (float(bits).is_integer() and 2 <= bits <= WEIGHT_BITS_MAX)
    expect(
        whole, where, "weight bits", found=bits, expected=f"1, {TERNARY_BITS} or a whole number in 2..{WEIGHT_BITS_MAX}"
    )
    top = 1 if bits == TERNARY_BITS else 2 ** (int(bits) - 1) - 1
    if weight.size and (weight.min() < -top or weight.max() > top):
        raise NetworkError(
            f"{where}: weight: found values in {weight.min()}..{weight.max()}, expected {-top}..{top} at {bits:g} bits"
        )


def weight_bounds(weight: IntArray, x: Bounds) -> tuple[IntArray, IntArray]:
    """Bound `sum_i w[c, i] * x_i` for x_i anywhere in `x`, per output channel.

    Inputs may also be 0 (padding, silence), so 0 always belongs to the range.

    Returns
    -------
    low, high : numpy.ndarray, int64, shape (C_out,)
        Exact up to 2**60, and at least that beyond.
    """
    low_x, high_x = min(x[0], 0), max(x[1], 0)
    flat = weight.reshape(weight.shape[0], -1).astype(np.int64)
    positive, negative = np.maximum(flat, 0).sum(axis=1), np.minimum(flat, 0).sum(axis=1)
    low = _product(positive, low_x) + _product(negative, high_x)
    return low, _product(positive, high_x) + _product(negative, low_x)


def _product(sums: IntArray, value: int) -> IntArray:
    """Multiply in int64, which would wrap without a word: larger products than half of `BOUND_MAX` are cut near it."""
    limit = BOUND_MAX // 2 // max(abs(value), 1)
    return np.clip(sums, -limit, limit) * value
