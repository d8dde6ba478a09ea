"""What travels between blocks: whole numbers, with the scale that training multiplies them by."""

from __future__ import annotations

from dataclasses import dataclass

from lava_spquant.ir import InputSpec

__all__ = ["SPIKES", "Stream"]


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
    def bounds(self) -> tuple[int, int]:
        """Smallest and largest value."""
        return self.low, self.high


SPIKES = Stream()
"""0 or 1."""
