"""Fully connected synapses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape, frozen_ints
from lava_spquant.ir.errors import expect
from lava_spquant.ir.neuron.base import Bounds
from lava_spquant.ir.synapse.base import check_weight, weight_bounds

__all__ = ["Dense"]


@dataclass(frozen=True, eq=False)
class Dense:
    """`acc = weight @ x`, where a source of shape (C, H, W) is flattened in that order.

    Parameters
    ----------
    weight : array_like of int, shape (C_out, C_in)
    weight_bits : float
        Declared width; see `check_weight`.

    Raises
    ------
    NetworkError
        If the weights are not integers of the declared width.
    """

    weight: IntArray
    weight_bits: float

    kind: ClassVar[str] = "dense"

    def __post_init__(self) -> None:
        weight = frozen_ints(self.weight, np.int16, self.kind, "weight")
        expect(weight.ndim == 2 and weight.size > 0, self.kind, "weight", found=weight.shape, expected="(C_out, C_in)")
        check_weight(weight, self.weight_bits, self.kind)
        object.__setattr__(self, "weight", weight)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C_out,) for any source with C_in values."""
        size = math.prod(input_shape)
        expect(
            size == self.weight.shape[1],
            self.kind,
            "inputs",
            found=input_shape,
            expected=f"{self.weight.shape[1]} values",
        )
        return (self.weight.shape[0],)

    def accumulate(self, x: IntArray) -> IntArray:
        """Return (N, C_out) int32."""
        # Exact in float64: bounds.py proves that no partial sum leaves 24 bits.
        flat = x.reshape(len(x), self.weight.shape[1]).astype(np.float64)
        return (flat @ self.weight.T.astype(np.float64)).astype(np.int32)

    def acc_bounds(self, x: Bounds) -> tuple[IntArray, IntArray]:
        """Return bounds per output channel."""
        return weight_bounds(self.weight, x)

    @property
    def num_weights(self) -> int:
        """C_out times C_in."""
        return int(self.weight.size)
