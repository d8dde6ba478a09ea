"""The integer arithmetic that every neuron and branch is made of (DESIGN: numeric contract)."""

from __future__ import annotations

import numpy as np

from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.limits import DECAY_UNITY, STATE_MAX

__all__ = ["broadcast_channels", "decay_toward_zero", "rescale", "round_shift", "saturate"]


def round_shift(x: IntArray, shift: int) -> IntArray:
    """Return `x / 2**shift` rounded to nearest, halves up: `(x + 2**(shift-1)) >> shift`.

    Examples
    --------
    >>> round_shift(np.array([-3, -2, -1, 1, 2, 3]), 1).tolist()
    [-1, -1, 0, 1, 1, 2]
    """
    if shift == 0:
        return x
    return (x + (1 << (shift - 1))) >> shift


def broadcast_channels(values: IntArray, ndim: int) -> IntArray:
    """Shape per-channel values (C,) so that they broadcast over (N, C, ...) with `ndim` axes after N.

    Values that already have `ndim` axes (one per neuron) are returned as they are.
    """
    return values if values.ndim == ndim else values.reshape((-1,) + (1,) * (ndim - 1))


def rescale(acc: IntArray, gain: IntArray, shift: int) -> IntArray:
    """Turn accumulators into membrane units: `(gain[c] * acc + round) >> shift` (contract, rule 2).

    Parameters
    ----------
    acc : numpy.ndarray, int32, shape (N, C, ...)
    gain : numpy.ndarray, int16, shape (C,)
    shift : int

    Returns
    -------
    numpy.ndarray, int64, shape (N, C, ...)
    """
    product = acc.astype(np.int64) * broadcast_channels(gain.astype(np.int64), acc.ndim - 1)
    return round_shift(product, shift)


def decay_toward_zero(x: IntArray, decay: int) -> IntArray:
    """Return `trunc(x * (4096 - decay) / 4096)`, rounded toward zero as Lava's LIF does (rule 3).

    Examples
    --------
    >>> decay_toward_zero(np.array([-3, 3]), 2048).tolist()
    [-1, 1]
    """
    product = x.astype(np.int64) * (DECAY_UNITY - decay)
    return np.sign(product) * (np.abs(product) >> 12)


def saturate(x: IntArray) -> IntArray:
    """Clip to the symmetric 24-bit range of a membrane potential and return int32."""
    return np.clip(x, -STATE_MAX, STATE_MAX).astype(np.int32)
