"""The triangle surrogate of SpQuant-SNN."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lava_spquant.slayer.surrogate.base import positive

__all__ = ["Triangle"]


@dataclass(frozen=True)
class Triangle:
    """`ds/dx = max(0, g - |x|) / g**2`: a unit area triangle of half-width g.

    Parameters
    ----------
    g : float
        1 in SpQuant-SNN; 0.5 gives `2 * max(0, 1 - 2|x|)`.

    Examples
    --------
    >>> import torch
    >>> Triangle().derivative(torch.tensor([-1.0, -0.5, 0.0, 2.0])).tolist()
    [0.0, 0.5, 1.0, 0.0]
    """

    g: float = 1.0

    def __post_init__(self) -> None:
        positive(self.g, "Triangle", "g")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the triangle."""
        return (self.g - x.abs()).clamp(min=0) / self.g**2
