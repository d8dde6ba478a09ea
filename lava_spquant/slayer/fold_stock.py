"""Folding a block into what today's lava-dl and Loihi 2 run: 8-bit weights, one threshold, a bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.ir.limits import CUBA_CURRENT_MAX, CUBA_SHIFT
from lava_spquant.slayer.branch import Branch

__all__ = ["StockFold", "fold_stock"]

WEIGHT_TOP = 127
"""Largest 8-bit weight."""

FILE_TOP = 254
"""Largest weight in a NetX file: SLAYER writes 8-bit weights doubled."""

VTH_TOP = 2**17 - 1
"""Largest threshold mantissa of Lava's LIF."""

BIAS_TOP = 2**15 - 1
"""Largest bias mantissa that Lava's LIF holds (an int16)."""


CURRENT_TOP = CUBA_CURRENT_MAX // 2
"""Largest current that doubled weights may cause; weights that are not doubled may reach the full bound."""


@dataclass(frozen=True, eq=False)
class StockFold:
    """Branch, threshold and bias of a stock block, in membrane units.

    Attributes
    ----------
    branch : ir.Branch
    vth : int
    bias : numpy.ndarray, int64, shape (C,)
    """

    branch: ir.Branch
    vth: int
    bias: NDArray[np.int64]


def fold_stock(name: str, branch: Branch, source: int, threshold: float) -> StockFold:
    """Fold weight scale and batch-norm into integer weights with a common unit.

    One unit of weight is `unit` of current; the threshold and the bias are counted in it too. Where
    all channels share one scale the weights stay as they were trained; otherwise they are
    rounded to 8 bits once more, which is what `eval()` then runs.

    Parameters
    ----------
    name : str
        The block, named in errors.
    branch : Branch
    source : int
    threshold : float
        In units of the current.

    Raises
    ------
    NetworkError
        If threshold or bias leave their fields, or a scale is not finite.
    """
    where = f"block {name!r}"
    synapse = branch.to_ir_synapse(where)
    factor, offset = branch.affine()
    if not (np.all(np.isfinite(factor)) and np.all(np.isfinite(offset))):
        raise ir.NetworkError(f"{where}: scale: found NaN or infinity, expected finite numbers")
    if isinstance(synapse, (ir.Dense, ir.Conv)):
        synapse, unit, room = _integer_weights(synapse, factor, threshold)
    else:
        # An identity is the file's input layer, whose image is the bias mantissa itself.
        unit, room = float(factor[0]), 1 if isinstance(synapse, ir.Identity) else _room(1)
    shares = threshold / unit, float(np.abs(offset).max()) / unit
    largest = int(branch.acc_bound(synapse).max()) + round(shares[1])
    while room > 1 and (
        round(shares[0] * room) > VTH_TOP
        or round(shares[1] * room) > BIAS_TOP
        or (largest * room) << CUBA_SHIFT > CURRENT_TOP
    ):
        room //= 2
    vth, bias = round(shares[0] * room), np.rint(offset / unit * room).astype(np.int64)
    if not 1 <= vth <= VTH_TOP:
        raise ir.NetworkError(
            f"{where}: threshold: found {vth} weight units, expected 1..{VTH_TOP}; rescale the weights"
        )
    if np.abs(bias).max() > BIAS_TOP:
        raise ir.NetworkError(f"{where}: bias: found {np.abs(bias).max()} weight units, expected at most {BIAS_TOP}")
    gain = ir.constant_gain(room << CUBA_SHIFT, branch.out_channels)
    return StockFold(ir.Branch(synapse, gain, 0, source), vth << CUBA_SHIFT, bias << CUBA_SHIFT)


def _integer_weights(
    synapse: ir.Dense | ir.Conv, factor: NDArray[np.float64], threshold: float
) -> tuple[ir.Dense | ir.Conv, float, int]:
    """Return the synapse with common-unit weights, that unit, and the power of two left for doubling."""
    values = synapse.weight.astype(np.float64)
    largest = np.abs(values).max()
    if np.all(factor == factor[0]) and factor[0] > 0 and largest <= WEIGHT_TOP:
        return synapse, float(factor[0]), _room(largest)
    real = values * factor.reshape((-1,) + (1,) * (values.ndim - 1))
    # Weights far below the threshold share its field's precision rather than overflow it.
    unit = max(np.abs(real).max() / WEIGHT_TOP, threshold / VTH_TOP, np.finfo(np.float64).tiny)
    rounded = np.rint(real / unit)
    if isinstance(synapse, ir.Dense):
        return ir.Dense(rounded, 8), float(unit), _room(np.abs(rounded).max())
    conv = ir.Conv(rounded, 8, synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
    return conv, float(unit), _room(np.abs(rounded).max())


def _room(largest: float) -> int:
    """Return the largest power of two, at most 128, by which weights can grow within the file's range."""
    return 2 ** min(7, int(np.log2(FILE_TOP / max(largest, 1))))
