"""Surrogate gradients of the spike, one file each, and their registry."""

from __future__ import annotations

from lava_spquant.slayer.surrogate.base import Surrogate, spike
from lava_spquant.slayer.surrogate.box import AsymmetricBox, Box
from lava_spquant.slayer.surrogate.exponential import Exponential
from lava_spquant.slayer.surrogate.sigmoid import SigmoidDerivative
from lava_spquant.slayer.surrogate.superspike import SuperSpike
from lava_spquant.slayer.surrogate.triangle import Triangle

__all__ = [
    "SURROGATES",
    "AsymmetricBox",
    "Box",
    "Exponential",
    "SigmoidDerivative",
    "SuperSpike",
    "Surrogate",
    "Triangle",
    "spike",
    "surrogate",
]

SURROGATES: dict[str, Surrogate] = {
    "triangle": Triangle(),
    "exponential": Exponential(),
    "sigmoid": SigmoidDerivative(),
    "superspike": SuperSpike(),
    "box": Box(),
    "asymmetric": AsymmetricBox(),
}
"""Surrogates with their default parameters, by the name that recipes use."""


def surrogate(spec: str | Surrogate) -> Surrogate:
    """Return the surrogate that `spec` names, or `spec` itself where it is one.

    Raises
    ------
    ValueError
        If there is no such surrogate.
    """
    if not isinstance(spec, str):
        return spec
    if spec not in SURROGATES:
        raise ValueError(f"surrogate: found {spec!r}, expected one of {', '.join(SURROGATES)}")
    return SURROGATES[spec]
