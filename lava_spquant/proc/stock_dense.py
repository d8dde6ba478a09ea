"""The settings with which Lava's own Dense Process keeps every weight exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lava.utils.weightutils import SignMode

from lava_spquant.ir import IntArray

__all__ = ["StockDense", "stock_dense"]

_STOCK_BITS = 8


@dataclass(frozen=True, eq=False)
class StockDense:
    """Arguments of `lava.proc.dense.process.Dense`.

    Attributes
    ----------
    weights : numpy.ndarray, int32, shape (C_out, C_in)
        Shifted to the upper end of Lava's 8-bit (9 with sign) field.
    weight_exp : int
        Takes the shift back from the sum, which is a multiple of it.
    num_weight_bits : int
        Significant bits that Lava keeps; those of a mixed-sign weight count its sign.
    sign_mode : SignMode
    """

    weights: IntArray
    weight_exp: int
    num_weight_bits: int
    sign_mode: SignMode


def stock_dense(weight: IntArray) -> StockDense | None:
    """Return settings under which Lava truncates and clips nothing, or None where there are none.

    Lava's fixed-point Dense clips weights to -256..255 with mixed signs and to 0..255 without, then
    drops the lowest `8 - num_weight_bits` bits, one more with mixed signs. The mode is always
    given, because Lava's own guess turns some one-sign matrices into zeros.

    Examples
    --------
    >>> found = stock_dense(np.array([[1, -1, 0]]))
    >>> found.weights.tolist(), found.weight_exp, found.num_weight_bits
    ([[128, -128, 0]], -7, 2)
    >>> stock_dense(np.array([[127, -127]])).weights.tolist(), stock_dense(np.array([[255, 3]])).weights.tolist()
    ([[254, -254]], [[255, 3]])
    >>> stock_dense(np.array([[300, 1]])) is None
    True
    """
    wide = weight.astype(np.int32)
    low, high = int(wide.min(initial=0)), int(wide.max(initial=0))
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1
    if bits <= _STOCK_BITS:
        shift = _STOCK_BITS + 1 - bits
        return StockDense(wide << shift, -shift, bits, SignMode.MIXED)
    if low >= -256 and high <= 254 and not np.any(wide & 1):  # SLAYER's 8 bits: even integers
        return StockDense(wide, 0, _STOCK_BITS, SignMode.MIXED)
    if low >= 0 and high <= 255:
        return StockDense(wide, 0, _STOCK_BITS, SignMode.EXCITATORY)
    if low >= -255 and high <= 0:
        return StockDense(wide, 0, _STOCK_BITS, SignMode.INHIBITORY)
    return None
