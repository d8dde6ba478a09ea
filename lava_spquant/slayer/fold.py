"""Folding everything real-valued of a block into integer gains and an integer bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.ir.arith import rescale
from lava_spquant.ir.limits import GAIN_MAX
from lava_spquant.slayer.branch import Branch

__all__ = ["GAIN_LIMITS", "Folded", "fold_gains"]

GAIN_LIMITS = (4, 2, 1)
"""Thresholds per unit of accumulator at which a gain saturates; the first that leaves no channel coarse.

Batch-norm over a channel that hardly ever received a spike divides by next to nothing. One unit of
accumulator drives such a neuron over its threshold whatever the exact factor, but the factor
would set the shift of the whole branch and cost every other channel its precision. The line is
turned around the last accumulator that does not reach the threshold: what the neuron receives
there stays the same (of a channel that hardly ever receives a spike, what it receives without
one), and the next accumulator still takes it over the threshold.
"""

CLEAR = 1 / 64
"""Share of a limited gain by which the next accumulator passes the threshold, at least."""


@dataclass(frozen=True, eq=False)
class Folded:
    """Branches and bias of a deployed block.

    Attributes
    ----------
    branches : tuple of ir.Branch
    bias : numpy.ndarray, int64, shape (C,)
    coarse, saturated : tuple of int
        Channels whose gain keeps fewer than 8 significant bits, and whose gain was limited.
    """

    branches: tuple[ir.Branch, ...]
    bias: NDArray[np.int64]
    coarse: tuple[int, ...]
    saturated: tuple[int, ...]


def fold_gains(
    name: str,
    branches: Sequence[Branch],
    sources: Sequence[int],
    unit: float | NDArray[np.float64],
    vth: int,
    *,
    spiking: bool,
    fires_above: int | None = None,
) -> Folded:
    """Turn the branches' affine maps into gains, shifts and one bias (numeric contract, rule 2).

    Parameters
    ----------
    name : str
        The block, named in errors.
    branches : sequence of Branch
    sources : sequence of int
        Source of each branch in the deployed network.
    unit : float or numpy.ndarray, float64 (1,) or (C,)
        Membrane units per unit of current: `2**F / threshold`.
    vth : int
        Threshold in membrane units.
    spiking : bool
        Limit gains, see `GAIN_LIMITS`; a read-out has no threshold beyond which size does not matter.
    fires_above : int or None
        Where a neuron spikes, if not above `vth`.

    Raises
    ------
    NetworkError
        If a scale or bias is not finite or does not fit.
    """
    made, coarse, saturated = [], set(), set()
    bias = np.zeros(branches[0].out_channels)
    for index, (branch, source) in enumerate(zip(branches, sources, strict=True)):
        where = f"block {name!r}, branch {index}"
        synapse = branch.to_ir_synapse(where)
        factor, offset = (values * unit for values in branch.affine())
        if not (np.all(np.isfinite(factor)) and np.all(np.isfinite(offset))):
            raise ir.NetworkError(f"{where}: scale or offset: found NaN or infinity, expected finite numbers")
        bound = np.broadcast_to(branch.acc_bound(synapse), factor.shape)
        fitted, offset, steep = _fit(
            factor, offset, bound, vth, where, spiking, vth if fires_above is None else fires_above
        )
        saturated |= set(steep)
        coarse |= set(fitted.coarse)
        made.append(ir.Branch(synapse, fitted.gain, fitted.shift, source))
        bias = bias + offset
    return Folded(tuple(made), np.rint(bias).astype(np.int64), tuple(sorted(coarse)), tuple(sorted(saturated)))


def _fit(
    factor: NDArray[np.float64],
    offset: NDArray[np.float64],
    bound: NDArray[np.int64],
    vth: int,
    where: str,
    spiking: bool,
    fires_above: int,
) -> tuple[ir.FittedGain, NDArray[np.float64], list[int]]:
    """Return the gains, the offset that goes with them, and the channels whose gain was limited.

    The limit falls until no channel that matters is left with fewer than 8 significant bits, or one unit of
    accumulator is one threshold.
    """
    if not spiking:
        return ir.fit_gain(factor, bound, vth, where), offset, []
    for limit in GAIN_LIMITS:
        steepest = min(limit * vth, GAIN_MAX)
        too_steep = (np.abs(factor) > steepest) & (bound > 0)
        fitted = ir.fit_gain(np.where(too_steep, np.sign(factor) * steepest, factor), bound, vth, where)
        if not fitted.coarse:
            break
    turned = _turned_offset(np.where(too_steep, factor, 1.0), offset, bound, fitted, vth, fires_above)
    return fitted, np.where(too_steep, turned, offset), np.flatnonzero(too_steep).tolist()


def _turned_offset(
    factor: NDArray[np.float64],
    offset: NDArray[np.float64],
    bound: NDArray[np.int64],
    fitted: ir.FittedGain,
    vth: int,
    fires_above: int,
) -> NDArray[np.float64]:
    """Return the offsets with which limited gains leave currents as they are where neurons just do not spike yet.

    A constant drive in place of them would add up on the membrane, and the neuron spike without any input.
    """
    step = np.sign(factor)
    last = np.clip(np.floor((fires_above - offset) / np.abs(factor)), -bound, bound)
    slope = np.abs(fitted.gain) / 2.0**fitted.shift
    # A current far below the threshold is raised until one accumulator more reaches it, as it does unlimited: but not
    # above 0, where gains of 16 bits cannot take a neuron over its threshold in one.
    lowest = fires_above - (1 - CLEAR) * np.maximum(slope, vth)
    kept = np.clip(np.abs(factor) * last + offset, lowest, fires_above + slope)
    return kept - rescale((step * last).astype(np.int64)[np.newaxis], fitted.gain, fitted.shift)[0]
