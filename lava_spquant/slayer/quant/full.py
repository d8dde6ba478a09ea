"""No quantisation in training; as fine as 24-bit accumulators allow in deployment."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.ir.limits import STATE_MAX, WEIGHT_BITS_MAX
from lava_spquant.slayer.quant.base import QuantisedWeight, largest
from lava_spquant.slayer.quant.symmetric import clip_and_round, top_level

__all__ = ["FullPrecision"]


@dataclass(frozen=True)
class FullPrecision:
    """Train on the float weights; deploy them at the widest integers that cannot overflow.

    This is the twin that quantised networks are compared with. A deployed network is always integer, so
    `integers` rounds to `2**bits - 1` levels with the largest `bits` up to 16 for which
    no sum over a neuron's inputs can leave 24 bits.

    Parameters
    ----------
    input_bound : int
        Largest magnitude of an input value: 1 for spikes, 255 for 8-bit images.
    per_channel : bool
        One scale per output channel.

    Examples
    --------
    >>> FullPrecision().integers(torch.tensor([[1.0, -0.5]])).values.tolist()
    [[32767, -16384]]
    """

    input_bound: int = 1
    per_channel: bool = True

    @property
    def bits(self) -> float:
        """The width at best; `integers` says what it really used."""
        return WEIGHT_BITS_MAX

    def integers(self, weight: Tensor) -> QuantisedWeight:
        """Return the finest levels that keep accumulators within 24 bits."""
        clip = largest(weight.detach(), self.per_channel)
        for bits in range(WEIGHT_BITS_MAX, 2, -1):
            quantised = clip_and_round(weight, clip, bits)
            row_sum = quantised.values.abs().to(torch.int64).reshape(len(weight), -1).sum(dim=1)
            if int(row_sum.max()) * self.input_bound <= STATE_MAX and top_level(bits) > 0:
                return quantised
        return clip_and_round(weight, clip, 2)

    def fake(self, weight: Tensor, integers: QuantisedWeight | None = None) -> Tensor:
        """Return the weight itself."""
        return weight
