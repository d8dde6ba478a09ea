"""The SuperSpike surrogate."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from lava_spquant.slayer.surrogate.base import positive

__all__ = ["SuperSpike"]


@dataclass(frozen=True)
class SuperSpike:
    """`ds/dx = 1 / (1 + a |x|)**2` (Zenke and Ganguli 2018).

    Parameters
    ----------
    a : float
        Steepness; 2 in the BitSNNs study.

    Examples
    --------
    >>> import torch
    >>> SuperSpike(2.0).derivative(torch.tensor([0.0, 0.5])).tolist()
    [1.0, 0.25]
    """

    a: float = 2.0

    def __post_init__(self) -> None:
        positive(self.a, "SuperSpike", "a")

    def derivative(self, x: Tensor) -> Tensor:
        """Return the fast-sigmoid derivative."""
        return 1 / (1 + self.a * x.abs()) ** 2
