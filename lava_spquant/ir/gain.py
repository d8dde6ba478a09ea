"""From real-valued scales to integer gains: the only place where a real number becomes an integer gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import NetworkError, expect
from lava_spquant.ir.limits import GAIN_MAX, MIN_GAIN_BITS, PRODUCT_MAX, SHIFT_MAX

__all__ = ["FittedGain", "coarse_channels", "fit_gain"]


MATTERS = 256
"""A channel matters if its largest current reaches the threshold divided by this."""


@dataclass(frozen=True, eq=False)
class FittedGain:
    """An integer gain with the shift that goes with it.

    Attributes
    ----------
    gain : numpy.ndarray, int16, shape (C,)
    shift : int
    coarse : tuple of int
        Channels that matter but keep fewer than 8 significant bits.
    """

    gain: IntArray
    shift: int
    coarse: tuple[int, ...]


def fit_gain(scale: NDArray[np.floating[Any]], acc_bound: IntArray, vth: int, where: str = "branch") -> FittedGain:
    """Choose one shift and int16 gains with `gain / 2**shift` nearest to `scale`.

    The shift is the largest with which the largest gain still fits an int16 and every
    `gain * acc + round` fits 32 bits (DESIGN: numeric contract, rule 2).

    Parameters
    ----------
    scale : numpy.ndarray of float, shape (C,)
        Membrane units per unit of accumulator.
    acc_bound : numpy.ndarray of int, shape (C,) or (1,)
        Largest magnitude of the accumulator of each channel.
    vth : int
        Threshold in membrane units; a channel matters if its largest current reaches a 256th of it.
    where : str
        Named in the error.

    Returns
    -------
    FittedGain

    Raises
    ------
    NetworkError
        If a scale is not finite, or too large for any gain.

    Examples
    --------
    >>> fit = fit_gain(np.array([0.5, -3.0]), np.array([9, 9]), vth=64)
    >>> fit.gain.tolist(), fit.shift
    ([4096, -24576], 13)
    """
    scale = np.asarray(scale, dtype=np.float64)
    acc_bound = np.broadcast_to(np.asarray(acc_bound, dtype=np.int64), scale.shape)
    expect(bool(np.all(np.isfinite(scale))), where, "scale", found="NaN or infinity", expected="finite numbers")
    # A channel that never receives anything may have any gain: 0 keeps it from setting the shift.
    scale = np.where(acc_bound > 0, scale, 0.0)
    for shift in range(SHIFT_MAX, -1, -1):
        gain = np.rint(scale * 2.0**shift)
        half = (1 << shift) >> 1
        if np.abs(gain).max() <= GAIN_MAX and np.abs(gain * acc_bound).max() + half <= PRODUCT_MAX:
            break
    else:
        largest = int(np.abs(scale).argmax())
        raise NetworkError(
            f"{where}: gain of channel {largest}: found {scale[largest]:.6g} membrane units per unit of "
            f"accumulator, expected at most {GAIN_MAX} and a product within 32 bits; "
            "use fewer fractional bits or a larger threshold"
        )
    matters = np.abs(scale) * acc_bound >= vth / MATTERS
    coarse = np.flatnonzero(matters & (np.abs(gain) < 2 ** (MIN_GAIN_BITS - 1)))
    return FittedGain(gain.astype(np.int16), shift, tuple(int(c) for c in coarse))


def coarse_channels(gain: IntArray, shift: int, acc_bound: IntArray, vth: int) -> tuple[int, ...]:
    """Return the channels of a deployed branch that matter but keep fewer than 8 significant bits.

    Parameters
    ----------
    gain : numpy.ndarray, int16, shape (C,)
    shift : int
    acc_bound : numpy.ndarray of int, shape (C,) or (1,)
    vth : int
        See `fit_gain`.

    Examples
    --------
    >>> coarse_channels(np.array([20000, 3]), 10, np.array([100, 100]), vth=64)
    (1,)
    """
    size = np.abs(gain.astype(np.float64))
    matters = size * acc_bound >= vth / MATTERS * 2.0**shift
    return tuple(int(c) for c in np.flatnonzero(matters & (size > 0) & (size < 2 ** (MIN_GAIN_BITS - 1))))
