"""A neuron's dynamics as the numbers that kernels read."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.slayer.membrane import REACH, MembraneConfig
from lava_spquant.slayer.neuron.op.cpu import _layout as at
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.surrogate import AsymmetricBox, Box, Exponential, SigmoidDerivative, SuperSpike, Triangle

__all__ = ["SURROGATE_CODES", "neuron_constants"]

SURROGATE_CODES: dict[type, Callable[[Any], tuple[int, float, float, float]]] = {
    Triangle: lambda f: (at.TRIANGLE, f.g, 1 / f.g**2, 0.0),
    Exponential: lambda f: (at.EXPONENTIAL, 1 / f.tau, f.scale / (2 * f.tau), 0.0),
    SigmoidDerivative: lambda f: (at.SIGMOID, f.a, 0.0, 0.0),
    SuperSpike: lambda f: (at.SUPERSPIKE, f.a, 0.0, 0.0),
    Box: lambda f: (at.BOX, -f.w, f.w, 1 / (2 * f.w)),
    AsymmetricBox: lambda f: (at.BOX, -f.rho * f.delta, f.delta, 1 / f.delta),
}
"""By the surrogate's class: its code, and the constants A, B and C of `_slopes.fire_slope`."""

WIDEST = 24.0
"""Largest exponent of a midpoint's factor, so that products of exponentials stay finite."""


@lru_cache(maxsize=256)
def neuron_constants(dynamics: Dynamics) -> tuple[tuple[int, ...], NDArray[np.float32]]:
    """Return the whole constants that dynamics alone decide, up to `MIDDLES`, and the real ones."""
    surrogate, *abc = SURROGATE_CODES[type(dynamics.surrogate)](dynamics.surrogate)
    levels = dynamics.membrane
    way, middles, central, factors = _stack(levels)
    real = np.zeros(at.FACTORS + len(factors), np.float32)
    if levels is not None:
        fine = 2**levels.fine
        real[at.FINE : at.TEMPERATURE + 1] = fine, 1 / fine, levels.q_min, levels.q_max, levels.temperature
    real[at.CENTRAL : at.C + 1] = central, *abc
    real[at.FACTORS :] = factors
    real.flags.writeable = False
    return (int(dynamics.reset == "hard"), int(levels is not None), surrogate, way, middles), real


def _stack(levels: MembraneConfig | None) -> tuple[int, int, float, list[float]]:
    """Return the way to add up bumps, how many, the point that exponentials are shared around, and factors."""
    if levels is None or levels.gradient == "straight_through":
        return at.STRAIGHT, 0, 0.0, []
    temperature, middles = levels.temperature, levels.q_max - levels.q_min
    reach, central = math.ceil(REACH / temperature), (levels.q_min + levels.q_max) / 2
    if middles <= 2 * reach and temperature * middles / 2 <= WIDEST:
        factors = [math.exp(temperature * (central - (q + 0.5))) for q in range(levels.q_min, levels.q_max)]
        return at.AROUND_CENTRE, middles, central, factors
    return at.AROUND_LEVEL, reach, 0.0, [float(offset) for offset in range(-reach, reach + 1)]
