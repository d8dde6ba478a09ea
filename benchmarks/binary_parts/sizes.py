"""Sizes of the single convolution, the same on all sides."""

from __future__ import annotations

__all__ = ["ADDED", "CHANNELS", "SIDE"]

CHANNELS, SIDE = 64, 32
ADDED = 2
"""Convolutions by which the longer network of the single convolution is longer."""
