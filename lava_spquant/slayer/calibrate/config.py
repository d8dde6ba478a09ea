"""What a network is quantised to without training."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lava_spquant.slayer.membrane import membrane
from lava_spquant.slayer.quant import weight_quantiser

__all__ = ["CalibrationConfig"]

_FITTED = re.compile(r"fit(\d+)")


@dataclass(frozen=True)
class CalibrationConfig:
    """What a network is quantised to.

    Parameters
    ----------
    weight : str
        Quantiser of all weights but the first and the last; see `weight_quantiser`. One scale per channel loses least.
    first_weight, last_weight : str
        Quantisers of the first and the last block with weights.
    membrane : str
        "keep" leaves the potentials as they are; a name of `lava_spquant.slayer.membrane.membrane` gives all neurons
        those levels; "fit<n>" gives every block `2**n` levels whose step (a power of two) and range fit its potentials.
    match_rates : bool
        Scale what drives each block so that its neurons spike as often as before.
    samples : int
        Calibration samples that are used, at most.

    Raises
    ------
    ValueError
        If a field names nothing known or is out of range.
    """

    weight: str = "int8-channel"
    first_weight: str = "int8-channel"
    last_weight: str = "int8-channel"
    membrane: str = "keep"
    match_rates: bool = True
    samples: int = 256

    def __post_init__(self) -> None:
        for name in (self.weight, self.first_weight, self.last_weight):
            weight_quantiser(name)
        if self.membrane != "keep" and self.fitted_bits is None:
            membrane(self.membrane)
        if self.fitted_bits is not None and not 2 <= self.fitted_bits <= 8:
            raise ValueError(f"CalibrationConfig: membrane: found {self.membrane!r}, expected fit2 to fit8")
        if self.samples < 1:
            raise ValueError(f"CalibrationConfig: samples: found {self.samples}, expected at least 1")

    @property
    def fitted_bits(self) -> int | None:
        """Bits of a potential whose levels are fitted, or None."""
        match = _FITTED.fullmatch(self.membrane)
        return int(match[1]) if match else None
