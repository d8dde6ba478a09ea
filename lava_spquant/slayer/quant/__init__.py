"""Weight quantisers, one file each, their registry, and the short names that recipes use."""

from __future__ import annotations

import re

from lava_spquant.slayer.quant.base import QuantisedWeight, WeightQuantiser
from lava_spquant.slayer.quant.binary import Binary
from lava_spquant.slayer.quant.full import FullPrecision
from lava_spquant.slayer.quant.sawb import Sawb
from lava_spquant.slayer.quant.standardised import StandardisedBinary
from lava_spquant.slayer.quant.ternary import Ternary
from lava_spquant.slayer.quant.uniform import FixedStep, Uniform

__all__ = [
    "WEIGHT_QUANTISERS",
    "Binary",
    "FixedStep",
    "FullPrecision",
    "QuantisedWeight",
    "Sawb",
    "StandardisedBinary",
    "Ternary",
    "Uniform",
    "WeightQuantiser",
    "weight_quantiser",
]

WEIGHT_QUANTISERS: dict[str, WeightQuantiser] = {
    "binary": Binary(),
    "binary-channel": Binary(per_channel=True),
    "binary-standard": StandardisedBinary(),
    "ternary": Ternary(),
    "ternary-channel": Ternary(per_channel=True),
    "sawb4": Sawb(4),
    "sawb8": Sawb(8),
    "sawb4-mean": Sawb(4, clip="mean"),
    "sawb8-mean": Sawb(8, clip="mean"),
    "slayer8": FixedStep(8),
    "none": FullPrecision(),
}
"""Quantisers by short name; besides these, `int<n>` and `int<n>-channel` are uniform with n bits."""


def weight_quantiser(spec: str | WeightQuantiser) -> WeightQuantiser:
    """Return the quantiser that `spec` names.

    Parameters
    ----------
    spec : str or WeightQuantiser
        A name in `WEIGHT_QUANTISERS`, `int<n>` or `int<n>-channel` with n in 2..16, or a quantiser.

    Raises
    ------
    ValueError
        If there is no such quantiser or width.

    Examples
    --------
    >>> weight_quantiser("int6-channel")
    Uniform(bits=6, per_channel=True)
    """
    if not isinstance(spec, str):
        return spec
    if spec in WEIGHT_QUANTISERS:
        return WEIGHT_QUANTISERS[spec]
    match = re.fullmatch(r"int(\d+)(-channel)?", spec)
    if match is None:
        names = ", ".join(WEIGHT_QUANTISERS)
        raise ValueError(f"weight quantiser: found {spec!r}, expected one of {names}, int<n> or int<n>-channel")
    return Uniform(int(match[1]), per_channel=match[2] is not None)
