"""The neurons of an integer network as NIR's: parameters with which Euler's rule gives the same step in float."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np

from lava_spquant import ir
from lava_spquant.ir.limits import DECAY_UNITY
from lava_spquant.nir.dynamics import Reals
from lava_spquant.nir.errors import expect

__all__ = ["NEURON_NODES"]


def _qlif(neuron: ir.QLif, offset: Reals, dt: float, unit: float, where: str) -> nir.NIRNode:
    threshold = np.full(offset.shape, neuron.vth * unit)
    if neuron.decay == 0:
        expect(not offset.any(), where, "bias", found="not 0", expected=_NO_PLACE)
        return nir.IF(r=np.full(offset.shape, 1 / dt), v_threshold=threshold)
    leak = neuron.decay / DECAY_UNITY
    return nir.LIF(
        tau=np.full(offset.shape, dt / leak),
        r=np.full(offset.shape, 1 / leak),
        v_leak=offset / leak,
        v_threshold=threshold,
    )


def _cuba(neuron: ir.Cuba, offset: Reals, dt: float, unit: float, where: str) -> nir.NIRNode:
    for what in ("current_decay", "voltage_decay"):
        decay = getattr(neuron, what)
        expect(decay > 0, where, what, found=decay, expected="more than 0: NIR's time constants are finite")
    leak, current_leak = neuron.voltage_decay / DECAY_UNITY, neuron.current_decay / DECAY_UNITY
    return nir.CubaLIF(
        tau_syn=np.full(offset.shape, dt / current_leak),
        tau_mem=np.full(offset.shape, dt / leak),
        r=np.full(offset.shape, 1 / leak),
        v_leak=offset / leak,
        v_threshold=np.full(offset.shape, neuron.vth * unit),
        w_in=np.full(offset.shape, 1 / current_leak),
    )


def _readout(neuron: ir.Readout, offset: Reals, dt: float, unit: float, where: str) -> nir.NIRNode:
    expect(not offset.any(), where, "bias", found="not 0", expected=_NO_PLACE)
    return nir.I(r=np.full(offset.shape, 1 / dt))


def _relay(neuron: ir.Relay, offset: Reals, dt: float, unit: float, where: str) -> None:
    expect(not offset.any(), where, "bias", found="not 0", expected=_NO_PLACE)


def _single_step(neuron: ir.Clip | ir.Threshold, offset: Reals, dt: float, unit: float, where: str) -> None:
    expect(False, where, "neuron", found=neuron.kind, expected=f"another: NIR has no node for a {neuron.kind}")


_NO_PLACE = "0, or one per channel: NIR has no place for one per neuron before neurons without a leak"

NEURON_NODES: dict[str, Callable[[Any, Reals, float, float, str], nir.NIRNode | None]] = {
    ir.QLif.kind: _qlif,
    ir.Cuba.kind: _cuba,
    ir.Readout.kind: _readout,
    ir.Relay.kind: _relay,
    ir.Clip.kind: _single_step,
    ir.Threshold.kind: _single_step,
}
"""By `ir` kind: the node for (neuron, offset that every step adds, dt, value of a membrane unit, place).

None where the sum of the branches is passed on as it is.
"""
