"""Convolutional synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape, as_pair, frozen_ints
from lava_spquant.ir.errors import expect
from lava_spquant.ir.neuron.base import Bounds
from lava_spquant.ir.synapse.base import check_weight, weight_bounds
from lava_spquant.ir.synapse.window import Pair, window_extent, windows

__all__ = ["Conv"]


@dataclass(frozen=True, eq=False)
class Conv:
    """Two-dimensional cross-correlation, as `torch.nn.functional.conv2d` computes it.

    Parameters
    ----------
    weight : array_like of int, shape (C_out, C_in / groups, kh, kw)
    weight_bits : float
        Declared width; see `check_weight`.
    stride, padding, dilation : int or (int, int)
        Along height and width.
    groups : int
        Divides C_in and C_out; C_in groups is a depthwise convolution.

    Raises
    ------
    NetworkError
        If the weights are not integers of the declared width, or a field is out of range.
    """

    weight: IntArray
    weight_bits: float
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    kind: ClassVar[str] = "conv"

    def __post_init__(self) -> None:
        weight = frozen_ints(self.weight, np.int16, self.kind, "weight")
        expect(
            weight.ndim == 4 and weight.size > 0,
            self.kind,
            "weight",
            found=weight.shape,
            expected="(C_out, C_in / groups, kh, kw)",
        )
        check_weight(weight, self.weight_bits, self.kind)
        good = isinstance(self.groups, (int, np.integer)) and self.groups >= 1 and weight.shape[0] % self.groups == 0
        expect(good, self.kind, "groups", found=self.groups, expected=f"a divisor of C_out = {weight.shape[0]}")
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "stride", as_pair(self.stride, self.kind, "stride", 1))
        object.__setattr__(self, "padding", as_pair(self.padding, self.kind, "padding", 0))
        object.__setattr__(self, "dilation", as_pair(self.dilation, self.kind, "dilation", 1))

    @property
    def kernel(self) -> Pair:
        """Kernel (height, width)."""
        return self.weight.shape[2], self.weight.shape[3]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C_out, H_out, W_out) for a source of shape (C_in, H, W)."""
        channels = self.weight.shape[1] * self.groups
        good = len(input_shape) == 3 and input_shape[0] == channels
        expect(good, self.kind, "input shape", found=input_shape, expected=f"({channels}, H, W)")
        sides = window_extent(input_shape, self.kernel, self.stride, self.padding, self.dilation, self.kind)
        return (self.weight.shape[0], *sides)

    def accumulate(self, x: IntArray) -> IntArray:
        """Return (N, C_out, H_out, W_out) int32."""
        view = windows(x.astype(np.float64), self.kernel, self.stride, self.padding, self.dilation)
        n, c, h, w = view.shape[:4]
        per_in, per_out = c // self.groups, self.weight.shape[0] // self.groups
        out = np.empty((n, self.weight.shape[0], h, w), dtype=np.int32)
        for g in range(self.groups):
            rows = self.weight[g * per_out : (g + 1) * per_out].reshape(per_out, -1).astype(np.float64)
            patches = view[:, g * per_in : (g + 1) * per_in].transpose(0, 2, 3, 1, 4, 5)
            patches = patches.reshape(n * h * w, rows.shape[1])
            # Exact in float64: bounds.py proves that no partial sum leaves 24 bits.
            acc = (patches @ rows.T).reshape(n, h, w, per_out).transpose(0, 3, 1, 2)
            out[:, g * per_out : (g + 1) * per_out] = acc
        return out

    def acc_bounds(self, x: Bounds) -> tuple[IntArray, IntArray]:
        """Return bounds per output channel; padding can only bring an accumulator nearer to 0."""
        return weight_bounds(self.weight, x)

    @property
    def num_weights(self) -> int:
        """Number of kernel values."""
        return int(self.weight.size)
