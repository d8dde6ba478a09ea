"""The settings with which Lava's own LIF Process is exactly an `ir.Cuba` block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.limits import CUBA_SHIFT

__all__ = ["StockLif", "stock_lif"]

_MANT_MAX = 2**15 - 1
"""Lava holds `bias_mant` as int16."""

_BIAS_EXP_MAX = 7
"""`bias_exp` is a 3-bit number (`lava.proc.lif`)."""


@dataclass(frozen=True, eq=False)
class StockLif:
    """Arguments of `lava.proc.lif.process.LIF`.

    Attributes
    ----------
    du, dv : int
        Lava adds 1 to `du`.
    vth : int
        Lava shifts it left by 6 bits.
    bias_mant, bias_exp : numpy.ndarray of int
        Shaped as the block's bias.
    """

    du: int
    dv: int
    vth: int
    bias_mant: ir.IntArray
    bias_exp: ir.IntArray


def stock_lif(block: ir.Block) -> StockLif | None:
    """Return the settings, or None where a gain, the threshold or a bias does not fit Lava's fields.

    Examples
    --------
    >>> branch = ir.Branch(ir.Dense([[1], [1]], 2), gain=[64, 64])
    >>> stock_lif(ir.Block("b", (branch,), ir.Cuba(1024, 128, vth=640), bias=[3, -6400])).bias_mant.tolist()
    [3, -6400]
    >>> stock_lif(ir.Block("b", (branch,), ir.Cuba(1024, 128, vth=641), bias=[0, 0])) is None
    True
    """
    neuron = block.neuron
    if not isinstance(neuron, ir.Cuba):
        return None
    stock_gain = all(b.shift == 0 and bool(np.all(b.gain == 1 << CUBA_SHIFT)) for b in block.branches)
    if not stock_gain or neuron.vth % (1 << CUBA_SHIFT):
        return None
    mant = block.bias.astype(np.int64)
    exp = np.zeros_like(mant)
    for _ in range(_BIAS_EXP_MAX):
        shorten = (np.abs(mant) > _MANT_MAX) & (mant % 2 == 0)
        mant, exp = np.where(shorten, mant >> 1, mant), exp + shorten
    if mant.size and np.abs(mant).max() > _MANT_MAX:
        return None
    return StockLif(neuron.current_decay - 1, neuron.voltage_decay, neuron.vth >> CUBA_SHIFT, mant, exp)
