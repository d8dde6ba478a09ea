"""Spikes kept as bits between the passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lava_spquant.slayer.layout import is_repeated

__all__ = ["Packed", "pack"]

BITS = 8


@dataclass(frozen=True, eq=False)
class Packed:
    """A tensor (T, N, C, ...) that takes one bit per value, and what stands in the graph for it.

    Attributes
    ----------
    ghost : Tensor
        Of its shape and dtype, without memory of its own; gradients for the tensor go there.
    bits : Tensor, uint8, (ceil(values / 8),)
        Its memory, channels-last, the first value in the lowest bit.
    """

    ghost: Tensor
    bits: Tensor

    def restore(self) -> Tensor:
        """Return the tensor, channels-last."""
        result: Tensor = _Restore.apply(self.ghost, self.bits)
        return result


def pack(x: Tensor) -> Packed | None:
    """Return `x` in bits, or None where it holds others than 0 and 1, or the same memory at every step.

    Parameters
    ----------
    x : Tensor, (T, N, C, ...)
    """
    if is_repeated(x) or not bool(((x == 0) | (x == 1)).all()):
        return None
    flat = x.detach().movedim(2, -1).reshape(-1).to(torch.uint8)
    padded = torch.nn.functional.pad(flat, (0, -len(flat) % BITS)).view(-1, BITS)
    bits = (padded << _places(x)).sum(1, dtype=torch.uint8)
    ghost: Tensor = _Ghost.apply(x)
    return Packed(ghost, bits)


def _places(like: Tensor) -> Tensor:
    return torch.arange(BITS, dtype=torch.uint8, device=like.device)


class _Ghost(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.new_zeros(()).expand(x.shape)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0]


class _Restore(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ghost: Tensor, bits: Tensor) -> Tensor:
        count, last = ghost.numel(), ghost.movedim(2, -1).shape
        values = (bits[:, None] >> _places(bits)) & 1
        return values.view(-1)[:count].to(ghost.dtype).view(last).movedim(-1, 2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None
