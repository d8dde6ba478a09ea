"""Binary weights that are standardised first: the weights of BitSNNs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.slayer.quant.base import QuantisedWeight, pass_through

__all__ = ["StandardisedBinary"]

EPS = 1e-5


@dataclass(frozen=True)
class StandardisedBinary:
    """Sign of each channel's weights less their mean, times one over the root of the fan-in.

    The gradient passes straight through the sign, and through the standardisation `(w - mean) / sqrt(var + 1e-5)`, so
    that it has no part along the mean or the length of a channel's weights. The factor keeps a current's spread near
    one; what batch-norm or a learned scale makes of it is theirs.

    Examples
    --------
    >>> quantised = StandardisedBinary().integers(torch.tensor([[3.0, 1.0, 1.0, 1.0]]))
    >>> quantised.values.tolist(), quantised.scale.tolist()
    ([[1, -1, -1, -1]], [0.5])
    """

    @property
    def bits(self) -> float:
        """One bit."""
        return 1

    @property
    def per_channel(self) -> bool:
        """Mean and deviation are every channel's own."""
        return True

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return signs and the constant factor."""
        rows = weight.detach().flatten(1)
        values = torch.where(rows < rows.mean(1, keepdim=True), -1, 1).to(torch.int32)
        scale = rows.new_full((len(rows),), rows.shape[1] ** -0.5)
        return QuantisedWeight(values.reshape(weight.shape), scale, self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return `+-scale` with the gradient through the standardisation."""
        rows = weight.flatten(1)
        var, mean = torch.var_mean(rows, 1, correction=0, keepdim=True)
        standard = (rows - mean) * torch.rsqrt(var + EPS) * rows.shape[1] ** -0.5
        return pass_through((integers or self.integers(weight)).real(), standard.reshape(weight.shape))
