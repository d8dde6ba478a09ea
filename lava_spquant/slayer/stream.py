"""What travels between blocks: whole numbers, with the scale that training multiplies them by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from lava_spquant.ir import InputSpec

__all__ = ["SPIKES", "Stream", "check_values"]


@dataclass(frozen=True)
class Stream:
    """Range and scale of the whole numbers on a wire.

    Tensors between blocks always hold the whole numbers that the deployed network sends: spikes
    are 0 or 1, an 8-bit image is 0..255, a 2x2 pool of spikes is 0..4. A block that reads them
    multiplies by `scale` in training and folds `scale` into its gain in deployment.

    Parameters
    ----------
    low, high : int
        Smallest and largest value.
    scale : float
        Positive.

    Raises
    ------
    ValueError
        If the range is empty or the scale is not positive.

    Examples
    --------
    >>> Stream.image(8)
    Stream(low=0, high=255, scale=0.00392156862745098)
    """

    low: int = 0
    high: int = 1
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"Stream: range: found {self.low}..{self.high}, expected low < high")
        if not self.scale > 0:
            raise ValueError(f"Stream: scale: found {self.scale}, expected a positive number")

    @classmethod
    def image(cls, bits: int) -> Stream:
        """Return the stream of an unsigned image: real values 0..1 as 0..2**bits-1."""
        return cls(0, 2**bits - 1, 1 / (2**bits - 1))

    @classmethod
    def of_input(cls, spec: InputSpec) -> Stream:
        """Return the stream of a network input; graded values are scaled to at most 1."""
        low, high = spec.bounds
        return cls(low, high, 1 / high)

    @property
    def signed(self) -> bool:
        """Whether there are values below 0."""
        return self.low < 0

    @property
    def bits(self) -> int:
        """Width of the narrowest integer that holds every value."""
        if self.signed:
            return max(2, 1 + max(self.high.bit_length(), (-self.low - 1).bit_length()))
        return max(1, self.high.bit_length())

    @property
    def proven(self) -> tuple[int, int]:
        """Range of that integer: a layer in a file is proven for all of it, as the layer before it is not known."""
        return (-(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1) if self.signed else (0, 2**self.bits - 1)

    @property
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value."""
        return self.low, self.high


SPIKES = Stream()
"""0 or 1."""


def check_values(x: Tensor, bounds: tuple[int, int], where: str, hint: str = "") -> None:
    """Raise `ValueError` unless `x` holds whole numbers within `bounds`.

    Parameters
    ----------
    x : Tensor, time-major (T, N, ...)
    bounds : (int, int)
        Smallest and largest value allowed.
    where, hint : str
        Begin and end of the message.
    """
    # A repeated static image is one image: looking at one step is looking at all.
    seen = x[:1] if x.shape[0] > 1 and x.stride(0) == 0 else x
    if not seen.numel():
        return
    expected = f"expected whole numbers in {bounds[0]}..{bounds[1]}{hint}"
    # NaN is the least and the largest value where there is one.
    low, high = (value.item() for value in seen.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{where}: input values: found NaN or infinity, {expected}")
    if low < bounds[0] or high > bounds[1]:
        raise ValueError(f"{where}: input values: found {low:g}..{high:g}, {expected}")
    if seen.is_floating_point() and not bool((seen == seen.round()).all()):
        raise ValueError(f"{where}: input values: found fractions, {expected}")
