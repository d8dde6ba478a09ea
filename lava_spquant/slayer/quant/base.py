"""What every weight quantiser offers: integers with their scale, and the same as differentiable floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = [
    "QuantisedWeight",
    "WeightQuantiser",
    "channel_mean",
    "channel_std",
    "largest",
    "pass_through",
    "round_half_even",
    "spread",
]


@dataclass(frozen=True, eq=False)
class QuantisedWeight:
    """Integer weights with their scale: the real weight is `values * scale`.

    Attributes
    ----------
    values : Tensor, int32, shape of the weight
    scale : Tensor, float, shape (1,) or (C_out,)
        Positive, per tensor or per output channel.
    bits : float
        Declared width: 1, 1.58 or n.
    """

    values: Tensor
    scale: Tensor
    bits: float

    def real(self) -> Tensor:
        """Return `values * scale` in the scale's dtype."""
        return self.values.to(self.scale.dtype) * spread(self.scale, self.values.ndim)


class WeightQuantiser(Protocol):
    """A frozen dataclass of options with two pure functions of a weight (C_out, ...).

    Attributes
    ----------
    bits : float
        Declared width of the integers: 1, 1.58 or n.
    per_channel : bool
        One scale per output channel instead of one per tensor.
    """

    @property
    def bits(self) -> float:
        """Declared width of the integers."""
        ...

    @property
    def per_channel(self) -> bool:
        """Whether every output channel has its own scale."""
        ...

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return the integers and scale that are deployed; no gradient."""
        ...

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return the real values of those integers, with the method's gradient to `weight`.

        Parameters
        ----------
        weight : Tensor, (C_out, ...)
        integers : QuantisedWeight or None
            `integers(weight)`, where it is known already.
        """
        ...


def spread(scale: Tensor, ndim: int) -> Tensor:
    """Shape a scale (1,) or (C_out,) so that it broadcasts over a weight with `ndim` axes."""
    return scale.reshape((-1,) + (1,) * (ndim - 1))


def _rows(weight: Tensor, per_channel: bool) -> Tensor:
    return weight.reshape(weight.shape[0] if per_channel else 1, -1)


def largest(weight: Tensor, per_channel: bool) -> Tensor:
    """Return `max|w|`, shape (1,) or (C_out,)."""
    return _rows(weight.abs(), per_channel).amax(dim=1)


def channel_mean(weight: Tensor, per_channel: bool) -> Tensor:
    """Return the mean, shape (1,) or (C_out,)."""
    return _rows(weight, per_channel).mean(dim=1)


def channel_std(weight: Tensor, per_channel: bool) -> Tensor:
    """Return the population standard deviation, shape (1,) or (C_out,)."""
    return _rows(weight, per_channel).std(dim=1, correction=0)


def pass_through(value: Tensor, weight: Tensor) -> Tensor:
    """Return exactly `value`, with the gradient of `weight`: the straight-through estimator."""
    # What is added is 0, or NaN where the weight is none. The usual `weight + (value - weight)` would be off by a
    # rounding error.
    return value.detach() + (weight - weight.detach())


def round_half_even(x: Tensor) -> Tensor:
    """Round to the nearest whole number as int32."""
    return torch.round(x).to(torch.int32)
