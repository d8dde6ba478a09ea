"""Binary weights {-1, +1}."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.slayer.quant.base import QuantisedWeight, channel_mean, pass_through

__all__ = ["Binary"]


@dataclass(frozen=True)
class Binary:
    """Sign of the weight, scaled by its mean magnitude; zero counts as +1.

    The gradient passes straight through, unclipped.

    Parameters
    ----------
    per_channel : bool
        One scale per output channel.

    Examples
    --------
    >>> quantised = Binary().integers(torch.tensor([[0.5, -1.5]]))
    >>> quantised.values.tolist(), quantised.scale.tolist()
    ([[1, -1]], [1.0])
    """

    per_channel: bool = False

    @property
    def bits(self) -> float:
        """One bit."""
        return 1

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return signs and mean magnitude."""
        weight = weight.detach()
        values = torch.where(weight < 0, -1, 1).to(torch.int32)
        scale = channel_mean(weight.abs(), self.per_channel)
        return QuantisedWeight(values, torch.where(scale > 0, scale, torch.ones_like(scale)), self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return `+-scale` with a straight-through gradient."""
        return pass_through((integers or self.integers(weight)).real(), weight)
