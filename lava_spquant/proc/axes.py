"""Axis order: (C, H, W) in the integer network, (W, H, C) in Lava; one axis is the same in both."""

from __future__ import annotations

import numpy as np

from lava_spquant.ir import IntArray, Shape
from lava_spquant.ir.arith import broadcast_channels

__all__ = ["from_lava", "lava_shape", "per_neuron", "to_lava"]


def lava_shape(shape: Shape) -> Shape:
    """Return the shape of a port for an integer network's (C, H, W) or (C,).

    Examples
    --------
    >>> lava_shape((3, 5, 7)), lava_shape((4,))
    ((7, 5, 3), (4,))
    """
    return shape[::-1]


def from_lava(x: IntArray) -> IntArray:
    """View what a port received, (W, H, C) or (C,), as a batch of one: (1, C, H, W) or (1, C)."""
    return x.T[None]


def to_lava(x: IntArray) -> IntArray:
    """View a batch of one, (1, C, H, W) or (1, C), as what a port sends."""
    return x[0].T


def per_neuron(values: IntArray, shape: Shape) -> IntArray:
    """Return one value per neuron of (C, H, W) or (C,), in Lava's order, of one per channel or per neuron."""
    return np.broadcast_to(broadcast_channels(values, len(shape)), shape).T.copy()
