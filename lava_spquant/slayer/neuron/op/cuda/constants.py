"""A neuron's dynamics as the constants that kernels are compiled for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lava_spquant.slayer.membrane import REACH, MembraneConfig
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.surrogate import (
    AsymmetricBox,
    Box,
    Exponential,
    SigmoidDerivative,
    SuperSpike,
    Triangle,
)

__all__ = ["SURROGATE_CONSTANTS", "Constant", "backward_constants", "forward_constants", "history_constants"]

_REGISTER = 64
"""Bits of the widest integer."""

Constant = str | float | int | bool

SURROGATE_CONSTANTS: dict[type, Callable[[Any], tuple[str, float, float, float]]] = {
    Triangle: lambda f: ("triangle", f.g, 1 / f.g**2, 0.0),
    Exponential: lambda f: ("exponential", 1 / f.tau, f.scale / (2 * f.tau), 0.0),
    SigmoidDerivative: lambda f: ("sigmoid", f.a, 0.0, 0.0),
    SuperSpike: lambda f: ("superspike", f.a, 0.0, 0.0),
    Box: lambda f: ("box", -f.w, f.w, 1 / (2 * f.w)),
    AsymmetricBox: lambda f: ("box", -f.rho * f.delta, f.delta, 1 / f.delta),
}
"""By the surrogate's class: its name in `_spike.fire_slope`, and A, B and C there."""


@cache
def forward_constants(dynamics: Dynamics) -> Mapping[str, Constant]:
    """Return what a step forward depends on: reset and levels."""
    levels = dynamics.membrane
    return {
        "HARD": dynamics.reset == "hard",
        "LEVELS": 0 if levels is None else levels.q_max - levels.q_min + 1,
        "Q_MIN": 0 if levels is None else levels.q_min,
        "SCALE": 1 if levels is None else 2**levels.fine,
    }


@cache
def backward_constants(dynamics: Dynamics) -> Mapping[str, Constant]:
    """Return what a step backward depends on."""
    surrogate, a, b, c = SURROGATE_CONSTANTS[type(dynamics.surrogate)](dynamics.surrogate)
    temperature, reach = _stack(dynamics.membrane)
    return {
        **forward_constants(dynamics),
        "TEMPERATURE": temperature,
        "REACH": reach,
        "SURROGATE": surrogate,
        "A": a,
        "B": b,
        "C": c,
    }


@cache
def history_constants(dynamics: Dynamics, steps: int) -> Mapping[str, Constant]:
    """Return how the backward pass keeps the past: in a register of so many bits per step, or with 0 bits in memory.

    Examples
    --------
    >>> history_constants(Dynamics(), 16), history_constants(Dynamics(), 32)
    ({'BITS': 2, 'WIDE': False}, {'BITS': 2, 'WIDE': True})
    >>> history_constants(Dynamics(), 33), history_constants(Dynamics(membrane=None), 1)
    ({'BITS': 0, 'WIDE': False}, {'BITS': 0, 'WIDE': False})
    """
    levels = dynamics.membrane
    bits = 0 if levels is None else (levels.q_max - levels.q_min).bit_length()
    if bits * steps > _REGISTER:
        bits = 0
    return {"BITS": bits, "WIDE": bits * steps > _REGISTER // 2}


def _stack(membrane: MembraneConfig | None) -> tuple[float, int]:
    if membrane is None or membrane.gradient == "straight_through":
        return 0.0, 0
    return membrane.temperature, math.ceil(REACH / membrane.temperature)
