"""What a NIR file leaves open, and what an imported network shall be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lava_spquant.nir.dynamics import Clock
from lava_spquant.nir.errors import expect

__all__ = ["ImportConfig"]

RESETS = ("hard", "soft")


@dataclass(frozen=True)
class ImportConfig:
    """How a graph is understood, and what is made of it.

    Parameters
    ----------
    dt : float
        Seconds per step, which files do not hold: 1e-4 in the NIR paper's LIF and Braille networks, 1e-3 in Norse by
        default, 1 where neurons count in steps (sinabs' integrate-and-fire).
    rule : {"euler", "exponential"}
        How the equations are stepped; see `lava_spquant.nir.dynamics`.
    reset : {"hard", "soft"}
        Hard sets the potential to 0 at a spike, which is what NIR's equations say; soft subtracts the threshold, which
        is what sinabs does and NIR has no word for.
    weight : str
        Quantiser of all weights; "none" keeps them float in training, and deploys them at up to 16 bits.
    membrane : str
        Quantiser of the stored potential; "none" keeps 24 bits.
    frac_bits : int
        Fractional bits of the deployed membrane.
    input_bits : int
        Width of the input: 1 for spikes, more for counts and images.
    input_signed : bool
        Values below 0 too.
    input_scale : float, optional
        What one unit of input stands for in the graph. By default 1 for spikes, and for wider inputs what makes
        their largest value 1.

    Raises
    ------
    NirError
        If a field is out of range.
    """

    dt: float
    rule: str = "euler"
    reset: str = "hard"
    weight: str = "none"
    membrane: str = "none"
    frac_bits: int = 12
    input_bits: int = 1
    input_signed: bool = False
    input_scale: float | None = None

    def __post_init__(self) -> None:
        Clock(self.dt, self.rule)
        expect(self.reset in RESETS, "import", "reset", found=repr(self.reset), expected=f"one of {', '.join(RESETS)}")
        good = self.input_scale is None or 0 < self.input_scale < math.inf
        expect(good, "import", "input_scale", found=self.input_scale, expected="a positive number")

    @property
    def clock(self) -> Clock:
        """How time is cut into steps."""
        return Clock(self.dt, self.rule)
