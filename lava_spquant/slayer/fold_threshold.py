"""A bias with which integers decide as the real numbers do that they stand for.

Rounding a bias moves a threshold by up to half a unit. That is little, unless currents lie there: a stream that is
clipped has a good part of its values exactly at its bounds, and training can leave a threshold within a hair of one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.ir.arith import rescale
from lava_spquant.slayer.branch import Branch

__all__ = ["decide_alike"]


def decide_alike(branch: Branch, deployed: ir.Branch, bias: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nearest bias with which `rescaled accumulator + bias > 0` wherever the branch's current is above 0.

    Parameters
    ----------
    branch : Branch
        The only one of its block.
    deployed : ir.Branch
        Its integers.
    bias : numpy.ndarray, int64 (C,)
        As rounded.

    Returns
    -------
    numpy.ndarray, int64 (C,)
        Unchanged in channels whose gain is too small to tell the two accumulators next to the threshold apart.
    """
    factor, offset = branch.affine()
    bound = np.broadcast_to(branch.acc_bound(deployed.synapse), factor.shape)
    firing = _first_firing(factor, offset, bound)
    step = np.where(factor > 0, 1, -1)
    reached, passed = np.abs(firing) <= bound, np.abs(firing - step) <= bound
    beside = np.clip(np.stack([firing, firing - step]), -bound, bound)
    spikes, silent = rescale(beside, deployed.gain, deployed.shift)
    lowest = np.where(reached, 1 - spikes, bias)
    highest = np.where(passed, -silent, bias)
    possible = (factor != 0) & ((lowest <= highest) | ~(reached & passed))
    # Where only one of both is within reach, there is only one side to keep to.
    wanted = np.where(reached, np.maximum(bias, lowest), bias)
    wanted = np.where(passed, np.minimum(wanted, highest), wanted)
    return np.where(possible, wanted, bias)


def _first_firing(
    factor: NDArray[np.float64], offset: NDArray[np.float64], bound: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the accumulator next to the threshold whose current is above it; beyond `bound` where none is in reach."""
    step = np.where(factor > 0, 1, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(factor != 0, -offset / factor, 0.0)
    # Two past the bound is out of reach as surely as the true crossing.
    near = np.rint(np.clip(crossing, -bound - 4.0, bound + 4.0)).astype(np.int64) - 2 * step
    # Training adds in float32, which decides where both nearly cancel.
    gain, shift = factor.astype(np.float32), offset.astype(np.float32)
    fired = np.stack([gain * (near + k * step).astype(np.float32) + shift > 0 for k in range(5)])
    return near + step * np.where(fired.any(0), fired.argmax(0), 5)
