"""The derivative of a sigmoid as surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.slayer.surrogate.base import positive

__all__ = ["SigmoidDerivative"]


@dataclass(frozen=True)
class SigmoidDerivative:
    """`ds/dx = a * sig(a x) * (1 - sig(a x))`.

    Parameters
    ----------
    a : float
        Steepness; 5 in the BitSNNs study.

    Examples
    --------
    >>> SigmoidDerivative(4.0).derivative(torch.tensor([0.0])).tolist()
    [1.0]
    """

    a: float = 5.0

    def __post_init__(self) -> None:
        positive(self.a, "SigmoidDerivative", "a")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the bell."""
        s = torch.sigmoid(self.a * x)
        return self.a * s * (1 - s)
