"""The identity: a skip connection, or an input that goes straight into a neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.neuron.base import Bounds

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity:
    """`acc = x`; it has no parameters."""

    kind: ClassVar[str] = "identity"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the source's shape."""
        return input_shape

    def accumulate(self, x: IntArray) -> IntArray:
        """Return `x` as int32."""
        return x.astype(np.int32)

    def acc_bounds(self, x: Bounds) -> tuple[IntArray, IntArray]:
        """Return the source's bounds, shape (1,)."""
        return np.array([min(x[0], 0)]), np.array([max(x[1], 0)])

    @property
    def weight_bits(self) -> float:
        """There are no weights."""
        return 0

    @property
    def num_weights(self) -> int:
        """There are no weights."""
        return 0
