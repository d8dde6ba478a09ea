"""Deployed synapses on torch tensors: whole numbers in, exact int32 accumulators out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lava_spquant import ir

__all__ = ["EXACT_SYNAPSES", "accumulate", "rescale"]

FLOAT32_BOUND = 2**11
"""Up to this bound a float32 convolution is exact with any algorithm.

A direct sum of whole numbers is exact up to 2**24, but a GPU may multiply in TF32, which holds
whole numbers up to 2**11, and a library may choose a Winograd transform, whose relative error
of some 1e-5 is undone by rounding only while sums stay small. Beyond the bound, and in matrix
products, whose precision users may lower further, float64 is used.
"""


def accumulate(synapse: ir.Synapse, x: Tensor, bounds: tuple[int, int]) -> Tensor:
    """Return exact accumulators.

    Parameters
    ----------
    synapse : ir.Synapse
    x : Tensor of whole numbers, any dtype, shape (M, C, H, W) or (M, C)
        Time and batch folded into M.
    bounds : (int, int)
        Range of `x`.

    Returns
    -------
    Tensor, int32, shape (M, *synapse.output_shape)
    """
    low, high = synapse.acc_bounds(bounds)
    small = max(-int(low.min()), int(high.max())) <= FLOAT32_BOUND
    dtype = torch.float32 if small and synapse.kind != ir.Dense.kind else torch.float64
    with torch.autocast(x.device.type, enabled=False):
        return EXACT_SYNAPSES[synapse.kind](synapse, x.to(dtype)).round().to(torch.int32)


def rescale(acc: Tensor, gain: Any, shift: int) -> Tensor:
    """Return int32 `(gain[c] * acc + round) >> shift` for acc (M, C, ...) (numeric contract, rule 2)."""
    factor = torch.as_tensor(np.asarray(gain, dtype=np.int32), device=acc.device)
    product = acc * factor.reshape((-1,) + (1,) * (acc.ndim - 2))
    return (product + ((1 << shift) >> 1)) >> shift


def _weight(synapse: ir.Conv | ir.Dense, like: Tensor) -> Tensor:
    return torch.as_tensor(np.array(synapse.weight), device=like.device).to(like.dtype)


def _conv(synapse: ir.Conv, x: Tensor) -> Tensor:
    weight = _weight(synapse, x)
    return F.conv2d(x, weight, None, synapse.stride, synapse.padding, synapse.dilation, synapse.groups)


def _dense(synapse: ir.Dense, x: Tensor) -> Tensor:
    return x.flatten(1) @ _weight(synapse, x).T


def _pool(synapse: ir.SumPool, x: Tensor) -> Tensor:
    return F.avg_pool2d(x, synapse.kernel, synapse.steps, synapse.padding, divisor_override=1)


def _identity(synapse: ir.Identity, x: Tensor) -> Tensor:
    return x


EXACT_SYNAPSES: dict[str, Callable[[Any, Tensor], Tensor]] = {
    ir.Conv.kind: _conv,
    ir.Dense.kind: _dense,
    ir.SumPool.kind: _pool,
    ir.Identity.kind: _identity,
}
"""One function per ir synapse kind."""
