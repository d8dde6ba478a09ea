"""The weights that Lava's fixed-point Dense really multiplies with.

NetX scales a dense matrix up to the 8 bits of a Loihi synapse; the Dense process then clips and
truncates it, and shifts its sums back down. Mostly this changes nothing. Where it does, a network
that is to run like Lava must change its weights in the same way. Convolutions skip all of it.
"""

from __future__ import annotations

import numpy as np

from lava_spquant.ir import IntArray

__all__ = ["UnrunnableWeightsError", "lava_dense_weight"]

_LOWEST, _HIGHEST = -256, 254
"""Range that NetX clips a matrix of both signs to."""

_SYNAPSE_MAX = 255
"""Largest magnitude that the Dense process keeps, 256 where negative in a matrix of both signs."""


class UnrunnableWeightsError(ValueError):
    """Lava cannot run these weights, or not as a matrix product; the message says why."""


def lava_dense_weight(weight: IntArray) -> IntArray:
    """Return the matrix `W` with which Lava computes `W @ spikes` when a file holds `weight`.

    Parameters
    ----------
    weight : numpy.ndarray of int, shape (C_out, C_in)

    Returns
    -------
    numpy.ndarray, int64, shape (C_out, C_in)

    Raises
    ------
    UnrunnableWeightsError
        For an all-zero matrix, on which NetX fails, and for a non-positive matrix with a zero, odd
        weights and a power of two as its smallest weight: there Lava rounds sums, not weights.

    Examples
    --------
    >>> lava_dense_weight(np.array([[-256, -128]])).tolist()
    [[-128, -128]]
    >>> lava_dense_weight(np.array([[300, 1]])).tolist()
    [[0, 0]]
    """
    weight = np.asarray(weight, dtype=np.int64)
    if not weight.any():
        raise UnrunnableWeightsError("all weights are 0, which NetX cannot scale")
    low, high = int(weight.min()), int(weight.max())
    if low < 0 < high and (low < _LOWEST or high > _HIGHEST):
        weight = np.clip(weight, _LOWEST, _HIGHEST)
    one_sign = bool(weight.min() >= 0 or weight.max() < 0)
    scale = _scale_exponent(int(weight.min()), int(weight.max()), one_sign)
    if scale < 0:
        # NumPy shifts everything out when asked to shift left by less than nothing.
        return np.zeros_like(weight)
    scaled = _keep_high_bits(weight << scale, scale + _common_zeros(weight) - (0 if one_sign else 1))
    if np.any(scaled & ((1 << scale) - 1)):
        raise UnrunnableWeightsError(
            "weights <= 0 that include 0, odd ones and a smallest of -2**k: Lava rounds their sums, not each weight"
        )
    return scaled >> scale


def _scale_exponent(low: int, high: int, one_sign: bool) -> int:
    """Return by how many bits NetX shifts a matrix left: the power of two that fills the synapse."""
    if one_sign:
        return _floor_log2(_SYNAPSE_MAX, high) if low >= 0 else _floor_log2(-_LOWEST, -low)
    fits_low = _floor_log2(128, -low)
    return 1 + (fits_low if high == 0 else min(fits_low, _floor_log2(127, high)))


def _floor_log2(numerator: int, denominator: int) -> int:
    """Return the largest k with `denominator * 2**k <= numerator`, both positive."""
    k = numerator.bit_length() - denominator.bit_length()
    too_large = denominator << k > numerator if k >= 0 else denominator > numerator << -k
    return k - too_large


def _common_zeros(weight: IntArray) -> int:
    """Return the number of low bits, at most 8, that are zero in every weight."""
    return next(n for n in range(8, -1, -1) if not np.any(weight & ((1 << n) - 1)))


def _keep_high_bits(scaled: IntArray, unused: int) -> IntArray:
    """Clip and truncate as the Dense process does; it judges signs anew, and 0 is not positive there.

    Parameters
    ----------
    scaled : numpy.ndarray of int64
    unused : int
        Low bits that NetX says hold nothing; the process adds one where both signs occur.
    """
    if scaled.min() < 0 < scaled.max():
        drop = unused + 1
        return np.clip(scaled, -_SYNAPSE_MAX - 1, _SYNAPSE_MAX) >> drop << drop
    if unused < 0:
        # A shift by less than nothing again; only a non-positive matrix with a zero gets here.
        return np.zeros_like(scaled)
    sign = -1 if scaled.min() < 0 else 1
    return sign * (np.clip(sign * scaled, 0, _SYNAPSE_MAX) >> unused << unused)
