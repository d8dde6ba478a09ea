"""SLAYER's NCHWT outside, time-major T, N, C, H, W inside; both are views of one memory.

Inside, memory is channels-last: of a tensor (T, N, C, ...) the channels of one place lie side by side, as
convolutions like it best, and T and N fold into a batch of channels-last images without a copy.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["channels_last", "empty_time_major", "is_repeated", "nchwt", "rows", "time_major"]


def time_major(x: Tensor) -> Tensor:
    """Return (T, N, C, ...) as a view of (N, C, ..., T)."""
    return x.movedim(-1, 0)


def nchwt(x: Tensor) -> Tensor:
    """Return (N, C, ..., T) as a view of (T, N, C, ...)."""
    return x.movedim(0, -1)


def channels_last(x: Tensor) -> Tensor:
    """Return (T, N, C, ...) with channels-last memory: `x` itself where it has that.

    One channel lies in memory either way; its stride then says so, for convolutions choose their layout by it.
    """
    last = x.movedim(2, -1).contiguous().movedim(-1, 2)
    if last.shape[2] > 1 or last.stride(2) == 1:
        return last
    return last.as_strided(last.shape, (*last.stride()[:2], 1, *last.stride()[3:]))


def rows(x: Tensor) -> Tensor:
    """Return (T, N, C, ...) as (T, N * places, C), contiguous: a view where memory is channels-last.

    Examples
    --------
    >>> rows(torch.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[0.0, 2.0], [1.0, 3.0]]]
    """
    return x.movedim(2, -1).contiguous().view(x.shape[0], -1, x.shape[2])


def empty_time_major(like: Tensor, steps: int, dtype: torch.dtype | None = None) -> Tensor:
    """Return an uninitialised channels-last (steps, N, C, ...) tensor for `like` (any, N, C, ...)."""
    _, batch, channels, *space = like.shape
    return torch.empty((steps, batch, *space, channels), dtype=dtype or like.dtype, device=like.device).movedim(-1, 2)


def is_repeated(x: Tensor) -> bool:
    """Say whether (T, N, ...) shows one and the same memory at every step, as a static image does."""
    return x.shape[0] > 1 and x.stride(0) == 0
