"""Uniform symmetric weights of any width, and SLAYER's own fixed step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.ir.limits import WEIGHT_BITS_MAX
from lava_spquant.slayer.quant.base import QuantisedWeight, largest, pass_through
from lava_spquant.slayer.quant.symmetric import clip_and_round, clipped_straight_through, top_level

__all__ = ["FixedStep", "Uniform"]


@dataclass(frozen=True)
class Uniform:
    """Round to the nearest of `2**bits - 1` levels over +-max|w|; gradient straight through.

    Parameters
    ----------
    bits : int
        2..16.
    per_channel : bool
        One scale per output channel.

    Raises
    ------
    ValueError
        If the width is not supported.

    Examples
    --------
    >>> Uniform(3).integers(torch.tensor([[3.0, -1.0, 0.4]])).values.tolist()
    [[3, -1, 0]]
    """

    bits: int
    per_channel: bool = False

    def __post_init__(self) -> None:
        if not (isinstance(self.bits, int) and 2 <= self.bits <= WEIGHT_BITS_MAX):
            raise ValueError(f"Uniform: bits: found {self.bits}, expected a whole number in 2..{WEIGHT_BITS_MAX}")

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return the rounded levels and `max|w| / (2**(bits-1) - 1)`."""
        return clip_and_round(weight, largest(weight.detach(), self.per_channel), self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return the levels as floats."""
        return pass_through((integers or self.integers(weight)).real(), weight)


@dataclass(frozen=True)
class FixedStep:
    """Round to multiples of a fixed step: SLAYER's 8-bit weights, whose step is 1/32.

    Parameters
    ----------
    bits : int
        2..16.
    step : float
        Positive.

    Raises
    ------
    ValueError
        If a field is out of range.

    Examples
    --------
    >>> FixedStep().integers(torch.tensor([[0.5, -0.02, 9.0]])).values.tolist()
    [[16, -1, 127]]
    """

    bits: int = 8
    step: float = 2 / 64

    def __post_init__(self) -> None:
        if not (isinstance(self.bits, int) and 2 <= self.bits <= WEIGHT_BITS_MAX):
            raise ValueError(f"FixedStep: bits: found {self.bits}, expected a whole number in 2..{WEIGHT_BITS_MAX}")
        if not self.step > 0:
            raise ValueError(f"FixedStep: step: found {self.step}, expected a positive number")

    @property
    def per_channel(self) -> bool:
        """The step is one for all channels."""
        return False

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return the rounded levels; the scale is the step."""
        return clip_and_round(weight, self._clip(weight), self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return the levels as floats, with gradient inside the outermost ones."""
        return clipped_straight_through(integers or self.integers(weight), weight, self._clip(weight))

    def _clip(self, weight: Tensor) -> Tensor:
        return torch.full((1,), self.step * top_level(self.bits), dtype=weight.dtype, device=weight.device)
