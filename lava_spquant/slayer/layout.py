"""SLAYER's NCHWT outside, time-major T, N, C, H, W inside; both are views of one memory."""

from __future__ import annotations

from torch import Tensor

__all__ = ["nchwt", "time_major"]


def time_major(x: Tensor) -> Tensor:
    """Return (T, N, C, ...) as a view of (N, C, ..., T)."""
    return x.movedim(-1, 0)


def nchwt(x: Tensor) -> Tensor:
    """Return (N, C, ..., T) as a view of (T, N, C, ...)."""
    return x.movedim(0, -1)
