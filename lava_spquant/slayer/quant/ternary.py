"""Ternary weights {-1, 0, +1}: 1.58 bits, SpQuant-SNN's lowest weight precision."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.ir.synapse import TERNARY_BITS
from lava_spquant.slayer.quant.base import QuantisedWeight, largest, pass_through, spread

__all__ = ["Ternary"]


@dataclass(frozen=True)
class Ternary:
    """Weights below a fraction of the largest become 0, the rest their sign times their mean magnitude.

    `th = fraction * max|w|`, `W = mean(|w| where |w| >= th)`, values -W, 0, +W, gradient straight
    through without clipping (SpQuant-SNN, 2-bit weights).

    Parameters
    ----------
    per_channel : bool
        One threshold and scale per output channel.
    fraction : float
        0 < fraction < 1; 0.05 in the paper.

    Raises
    ------
    ValueError
        If `fraction` is out of range.

    Examples
    --------
    >>> quantised = Ternary(fraction=0.5).integers(torch.tensor([[1.0, -0.75, 0.25]]))
    >>> quantised.values.tolist(), quantised.scale.tolist()
    ([[1, -1, 0]], [0.875])
    """

    per_channel: bool = False
    fraction: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            raise ValueError(f"Ternary: fraction: found {self.fraction}, expected a number between 0 and 1")

    @property
    def bits(self) -> float:
        """1.58 bits, stored as 2."""
        return TERNARY_BITS

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return -1, 0, +1 and the mean magnitude of those kept."""
        weight = weight.detach()
        size = weight.abs()
        threshold = spread(self.fraction * largest(size, self.per_channel), weight.ndim)
        kept = (size >= threshold) & (size > 0)
        rows = weight.shape[0] if self.per_channel else 1
        count = kept.reshape(rows, -1).sum(dim=1)
        total = (size * kept).reshape(rows, -1).sum(dim=1)
        scale = torch.where(count > 0, total / count.clamp(min=1), torch.ones_like(total))
        return QuantisedWeight((weight.sign() * kept).to(torch.int32), scale, self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return -W, 0, +W with a straight-through gradient."""
        return pass_through((integers or self.integers(weight)).real(), weight)
