"""Statistics-aware weight binning (SAWB): the 4- and 8-bit weights of SpQuant-SNN."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.slayer.quant.base import QuantisedWeight, channel_mean, channel_std, largest
from lava_spquant.slayer.quant.symmetric import clip_and_round, clipped_straight_through

__all__ = ["CLIP_RULES", "SAWB_COEFFICIENTS", "Sawb"]

SAWB_COEFFICIENTS = {4: (0.077, 1.013), 8: (0.027, 1.114)}
"""(z0, z1) by width: `clip = std / z0 - (z1 / z0) * mean|w|`."""

CLIP_RULES = ("statistics", "mean")


@dataclass(frozen=True)
class Sawb:
    """Clip chosen from the weights' statistics, then round; gradient straight through inside the clip.

    Rule "statistics" is SAWB's `std / z0 - (z1 / z0) * mean|w|`; rule "mean" is `2 * mean|w|`, which is
    what the SpQuant authors' released code computes. The statistics were fitted to bell-shaped weights. Where they give
    a clip below the mean magnitude (a few weights, or most of one magnitude), the largest magnitude is the clip: nearly
    all weights would lie beyond the other, where they are all alike and have no gradient.

    Parameters
    ----------
    bits : {4, 8}
    clip : {"statistics", "mean"}
    per_channel : bool
        One clip per output channel.

    Raises
    ------
    ValueError
        If a width or rule is not one of those.

    Examples
    --------
    >>> quantised = Sawb(4, clip="mean").integers(torch.tensor([[0.7, -0.7, 0.1, 3.0]]))
    >>> quantised.values.tolist(), round(quantised.scale.item(), 4)
    ([[2, -2, 0, 7]], 0.3214)
    """

    bits: int = 4
    clip: str = "statistics"
    per_channel: bool = False

    def __post_init__(self) -> None:
        if self.bits not in SAWB_COEFFICIENTS:
            raise ValueError(f"Sawb: bits: found {self.bits}, expected one of {sorted(SAWB_COEFFICIENTS)}")
        if self.clip not in CLIP_RULES:
            raise ValueError(f"Sawb: clip: found {self.clip!r}, expected one of {CLIP_RULES}")

    def clip_value(self, weight: Tensor) -> Tensor:
        """Return the clip, shape (1,) or (C_out,)."""
        weight = weight.detach()
        mean = channel_mean(weight.abs(), self.per_channel)
        if self.clip == "mean":
            return 2 * mean
        z0, z1 = SAWB_COEFFICIENTS[self.bits]
        clip = channel_std(weight, self.per_channel) / z0 - (z1 / z0) * mean
        return torch.where(clip > mean, clip, largest(weight, self.per_channel))

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return the rounded levels and `clip / (2**(bits-1) - 1)`."""
        return clip_and_round(weight, self.clip_value(weight), self.bits)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return the levels as floats, with gradient inside the clip."""
        clip = self.clip_value(weight)
        return clipped_straight_through(integers or clip_and_round(weight, clip, self.bits), weight, clip)
