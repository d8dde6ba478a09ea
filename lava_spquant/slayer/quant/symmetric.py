"""Rounding to 2**bits - 1 symmetric levels inside a clip: what SAWB and the uniform quantiser share."""

from __future__ import annotations

import torch
from torch import Tensor

from lava_spquant.slayer.quant.base import QuantisedWeight, pass_through, round_half_even, spread

__all__ = ["clip_and_round", "clipped_straight_through", "top_level"]


def top_level(bits: int) -> int:
    """Return the largest integer of an n-bit symmetric weight, `2**(n-1) - 1`."""
    return 2 ** (bits - 1) - 1


def clip_and_round(weight: Tensor, clip: Tensor, bits: int) -> QuantisedWeight:
    """Clip to +-`clip` and round to the nearest of `2**bits - 1` levels.

    Parameters
    ----------
    weight : Tensor, shape (C_out, ...)
    clip : Tensor, shape (1,) or (C_out,)
        Not negative; where it is 0 the weights must be 0 and the scale is 1.
    bits : int
    """
    weight, clip = weight.detach(), clip.detach()
    top = top_level(bits)
    scale = torch.where(clip > 0, clip / top, torch.ones_like(clip))
    values = round_half_even(weight / spread(scale, weight.ndim)).clamp(-top, top)
    return QuantisedWeight(values, scale, float(bits))


def clipped_straight_through(quantised: QuantisedWeight, weight: Tensor) -> Tensor:
    """Return the quantised values; the gradient passes inside the clip and is 0 outside."""
    limit = spread(quantised.scale * top_level(int(quantised.bits)), weight.ndim)
    inside = torch.minimum(torch.maximum(weight, -limit), limit)
    return pass_through(quantised.real(), inside)
