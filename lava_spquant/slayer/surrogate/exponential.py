"""SLAYER's surrogate: a two-sided exponential."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lava_spquant.slayer.surrogate.base import positive

__all__ = ["Exponential"]


@dataclass(frozen=True)
class Exponential:
    """`ds/dx = scale / (2 tau) * exp(-|x| / tau)`, as lava-dl's SLAYER spikes back-propagate.

    Parameters
    ----------
    tau : float
        Relaxation in units of the threshold. SLAYER's `tau_grad` g corresponds to `tau = 100 g`.
    scale : float
        SLAYER's `scale_grad` g corresponds to `scale = 0.1 g`.

    Examples
    --------
    >>> import torch
    >>> Exponential(tau=0.5).derivative(torch.tensor([0.0])).tolist()
    [1.0]
    """

    tau: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        positive(self.tau, "Exponential", "tau")
        positive(self.scale, "Exponential", "scale")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the exponential."""
        return self.scale / (2 * self.tau) * (-x.abs() / self.tau).exp()
