"""Sum-pooling: the integer form of average pooling, whose divisor lives in the next gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape, as_pair
from lava_spquant.ir.errors import expect
from lava_spquant.ir.neuron.base import Bounds
from lava_spquant.ir.synapse.base import BOUND_MAX
from lava_spquant.ir.synapse.window import Pair, window_extent, windows

__all__ = ["SumPool"]


@dataclass(frozen=True)
class SumPool:
    """Sum over a window of each channel; padding counts as 0.

    Parameters
    ----------
    kernel : int or (int, int)
    stride : int or (int, int), optional
        None means the kernel's size.
    padding : int or (int, int)

    Raises
    ------
    NetworkError
        If a field is out of range.
    """

    kernel: Pair
    stride: Pair | None = None
    padding: Pair = (0, 0)

    kind: ClassVar[str] = "pool"

    def __post_init__(self) -> None:
        kernel = as_pair(self.kernel, self.kind, "kernel", 1)
        stride = kernel if self.stride is None else as_pair(self.stride, self.kind, "stride", 1)
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "stride", stride)
        object.__setattr__(self, "padding", as_pair(self.padding, self.kind, "padding", 0))

    @property
    def steps(self) -> Pair:
        """The stride as a pair, also where it was left to the kernel."""
        return self.kernel if self.stride is None else self.stride

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C, H_out, W_out) for a source of shape (C, H, W)."""
        expect(len(input_shape) == 3, self.kind, "input shape", found=input_shape, expected="(C, H, W)")
        sides = window_extent(input_shape, self.kernel, self.steps, self.padding, (1, 1), self.kind)
        return (input_shape[0], *sides)

    def accumulate(self, x: IntArray) -> IntArray:
        """Return (N, C, H_out, W_out) int32."""
        view = windows(x.astype(np.int64), self.kernel, self.steps, self.padding, (1, 1))
        return view.sum(axis=(4, 5)).astype(np.int32)

    def acc_bounds(self, x: Bounds) -> tuple[IntArray, IntArray]:
        """Return bounds that hold for every channel, shape (1,)."""
        size = self.kernel[0] * self.kernel[1]
        low, high = max(min(x[0], 0) * size, -BOUND_MAX), min(max(x[1], 0) * size, BOUND_MAX)
        return np.array([low]), np.array([high])

    @property
    def weight_bits(self) -> float:
        """There are no weights."""
        return 0

    @property
    def num_weights(self) -> int:
        """There are no weights."""
        return 0
