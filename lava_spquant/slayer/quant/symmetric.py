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
        Not negative; where it is 0, or too small to be divided, all levels are 0 and the scale is 1.
    bits : int
    """
    weight, clip = weight.detach(), clip.detach()
    top = top_level(bits)
    scale = clip / top
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    values = round_half_even(weight / spread(scale, weight.ndim)).clamp(-top, top)
    return QuantisedWeight(values, scale, float(bits))


def clipped_straight_through(quantised: QuantisedWeight, weight: Tensor, clip: Tensor) -> Tensor:
    """Return the quantised values; the gradient passes up to and at the clip, and is 0 beyond."""
    inside = weight.abs() <= spread(clip.detach(), weight.ndim)
    return pass_through(quantised.real(), torch.where(inside, weight, weight.detach()))
