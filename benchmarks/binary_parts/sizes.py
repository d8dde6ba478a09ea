"""Sizes of the single convolution, the same on all sides."""

from __future__ import annotations

__all__ = ["ADDED", "CHANNELS", "SIDE"]

CHANNELS, SIDE = 64, 32
ADDED = 8
"""Convolutions by which the longer network of the single convolution is longer: enough that the difference of two
networks does not drown in what reading inputs and writing the last block's output takes."""
