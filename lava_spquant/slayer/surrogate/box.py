"""Rectangular surrogates, symmetric and not."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lava_spquant.slayer.surrogate.base import positive

__all__ = ["AsymmetricBox", "Box"]


@dataclass(frozen=True)
class Box:
    """`ds/dx = 1 / (2 w)` where `|x| <= w`, else 0.

    Parameters
    ----------
    w : float
        Half-width; 0.5 in the BitSNNs study, where the height is 1.

    Examples
    --------
    >>> import torch
    >>> Box().derivative(torch.tensor([-0.6, -0.5, 0.0])).tolist()
    [0.0, 1.0, 1.0]
    """

    w: float = 0.5

    def __post_init__(self) -> None:
        positive(self.w, "Box", "w")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the box."""
        return (x.abs() <= self.w).to(x.dtype) / (2 * self.w)


@dataclass(frozen=True)
class AsymmetricBox:
    """`ds/dx = 1 / delta` where `-rho * delta <= x <= delta`, else 0 (BitSNNs).

    With rho < 1 the gradient reaches less far below the threshold than above it.

    Parameters
    ----------
    delta : float
        Reach above the threshold; 2 for CIFAR in the paper.
    rho : float
        Reach below it as a fraction of delta; 0.3 in the paper.

    Examples
    --------
    >>> import torch
    >>> AsymmetricBox().derivative(torch.tensor([-0.7, -0.5, 1.9, 2.1])).tolist()
    [0.0, 0.5, 0.5, 0.0]
    """

    delta: float = 2.0
    rho: float = 0.3

    def __post_init__(self) -> None:
        positive(self.delta, "AsymmetricBox", "delta")
        positive(self.rho, "AsymmetricBox", "rho")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the box."""
        inside = (x >= -self.rho * self.delta) & (x <= self.delta)
        return inside.to(x.dtype) / self.delta
