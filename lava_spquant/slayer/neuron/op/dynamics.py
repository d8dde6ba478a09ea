"""What a neuron does at one step, as pure functions with the derivatives that training uses for them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from lava_spquant.slayer.membrane import TERNARY, MembraneConfig
from lava_spquant.slayer.surrogate import Surrogate, Triangle

__all__ = ["RESETS", "Dynamics"]

RESETS = ("hard", "soft")


@dataclass(frozen=True)
class Dynamics:
    """Spike, reset and membrane quantiser; potentials are in units of the threshold.

    Parameters
    ----------
    reset : {"hard", "soft"}
        To zero, or by subtraction of the threshold.
    membrane : MembraneConfig or None
        Quantiser of the stored potential.
    surrogate : Surrogate
        Derivative of the spike.

    Raises
    ------
    ValueError
        If there is no such reset.
    """

    reset: str = "hard"
    membrane: MembraneConfig | None = TERNARY
    surrogate: Surrogate = field(default_factory=Triangle)

    def __post_init__(self) -> None:
        if self.reset not in RESETS:
            raise ValueError(f"Dynamics: reset: found {self.reset!r}, expected one of {RESETS}")

    def fire(self, x: Tensor) -> Tensor:
        """Return the spikes of `x = m - 1`: 1 where x > 0."""
        return (x > 0).to(x.dtype)

    def fire_slope(self, x: Tensor) -> Tensor:
        """Return ds/dx, the surrogate's."""
        return self.surrogate.derivative(x)

    def after(self, m: Tensor, s: Tensor) -> Tensor:
        """Return the potential after the reset."""
        return m * (1 - s) if self.reset == "hard" else m - s

    def after_slopes(self, m: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """Return the partial derivatives of `after` with respect to m and s: the spike is not detached."""
        return (1 - s, -m) if self.reset == "hard" else (torch.ones_like(m), -torch.ones_like(m))

    def store(self, after: Tensor) -> Tensor:
        """Return the potential that is kept until the next step: the nearest level."""
        return after if self.membrane is None else self.membrane.nearest(after)

    def store_slope(self, after: Tensor) -> Tensor:
        """Return d(kept)/d(after), the quantiser's stacked or straight-through gradient."""
        return torch.ones_like(after) if self.membrane is None else self.membrane.derivative(after)
