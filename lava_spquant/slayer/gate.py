"""Gates in training: masks of currents, and which channels a predictor should open."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lava_spquant import ir

__all__ = ["MASS", "open_mask", "straight_through", "target_mask"]

MASS = 0.85
"""Share r of a layer's activity that a target mask keeps, in Fire-Together-Wire-Together and SpQuant-SNN."""


def open_mask(gates: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Return the product of all gates, as it multiplies a current.

    Parameters
    ----------
    gates : sequence of Tensor, (T, N, *gate shape)
        0 or 1: one per channel, or one per cell of places; see `lava_spquant.ir.Gate`.
    shape : sequence of int
        Shape of the gated block, (C, H, W) or (C,).

    Returns
    -------
    Tensor
        Broadcastable to (T, N, *shape).
    """
    mask = torch.ones((), device=gates[0].device)
    for gate in gates:
        own = tuple(gate.shape[2:])
        if ir.is_channel_gate(own, tuple(shape)):
            spread = gate.reshape(*gate.shape[:2], shape[0], *(1 for _ in shape[1:]))
        else:
            spread = gate
            for axis, (cells, size) in enumerate(zip(own[1:], shape[1:], strict=True), start=3):
                spread = spread.repeat_interleave(-(-size // cells), axis).narrow(axis, 0, size)
        mask = mask * spread
    return mask


def target_mask(mass: Tensor, share: float = MASS) -> Tensor:
    """Return which channels hold so much of a layer's activity, the largest first, as 0 or 1.

    Parameters
    ----------
    mass : Tensor, (..., C)
        At least 0.
    share : float
        r: channels are kept, largest first, while their running sum is at most this share of the whole. The largest
        is always kept, where any is above 0; 1 keeps all that are.

    Returns
    -------
    Tensor, (..., C)
        As `lava_spquant.prune.target_mask` has it.
    """
    ranked, order = mass.sort(dim=-1, descending=True, stable=True)
    kept = (ranked.cumsum(-1) <= share * ranked.sum(-1, keepdim=True)) | (share >= 1)
    kept[..., 0] = True
    kept &= ranked > 0
    return torch.zeros_like(mass).scatter(-1, order, kept.to(mass.dtype))


def straight_through(logits: Tensor) -> Tensor:
    """Return 1 where `logits > 0`, else 0, with the gradient of the sigmoid."""
    soft = torch.sigmoid(logits)
    return (logits > 0).to(logits.dtype) + soft - soft.detach()
