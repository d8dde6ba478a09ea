"""The synapses of an integer network as NIR's nodes: integers times their gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nir
import numpy as np

from lava_spquant import ir
from lava_spquant.ir.arrays import Shape
from lava_spquant.nir.dynamics import Reals

__all__ = ["SYNAPSE_NODES", "holds_bias"]

Nodes = list[tuple[str, nir.NIRNode]]

DIAGONAL_MAX = 4096
"""Channels of a vector up to which a diagonal matrix, nearly all zeros, may stand for its gains and biases."""


def holds_bias(synapse: ir.Synapse, shape: Shape) -> bool:
    """Tell whether nodes for the synapse can hold a bias per channel of its output `shape`."""
    return synapse.kind in (ir.Dense.kind, ir.Conv.kind) or len(shape) == 3 or shape[0] <= DIAGONAL_MAX


def _dense(synapse: ir.Dense, shape: Shape, scale: Reals, bias: Reals) -> Nodes:
    flatten: Nodes = []
    if len(shape) == 3:
        flatten = [("flatten", nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1))]
    weight = synapse.weight * scale[:, None]
    return [*flatten, ("weights", nir.Affine(weight, bias) if bias.any() else nir.Linear(weight))]


def _conv(synapse: ir.Conv, shape: Shape, scale: Reals, bias: Reals) -> Nodes:
    node = nir.Conv2d(
        input_shape=(shape[1], shape[2]),
        weight=synapse.weight * scale[:, None, None, None],
        stride=np.array(synapse.stride),
        padding=np.array(synapse.padding),
        dilation=np.array(synapse.dilation),
        groups=synapse.groups,
        bias=bias,
    )
    # NIR takes the number of input channels from the kernels, which hold those of one group.
    node.input_type = {"input": np.array(shape)}
    return [("weights", node)]


def _pool(synapse: ir.SumPool, shape: Shape, scale: Reals, bias: Reals) -> Nodes:
    kernel, stride, padding = (np.array(pair) for pair in (synapse.kernel, synapse.steps, synapse.padding))
    pool = nir.SumPool2d(kernel, stride, padding)
    if np.all(scale == 1) and not bias.any():
        return [("pool", pool)]
    return [("pool", pool), ("gain", _gain(synapse.output_shape(shape), scale, bias))]


def _identity(synapse: ir.Identity, shape: Shape, scale: Reals, bias: Reals) -> Nodes:
    # Never left out: two edges from one node to another would be one.
    return [("gain", _gain(shape, scale, bias))]


def _gain(shape: Shape, scale: Reals, bias: Reals) -> nir.NIRNode:
    """Return the node that multiplies every channel; with a bias, one that can add too."""
    if not bias.any():
        return nir.Scale(np.broadcast_to(scale.reshape((-1,) + (1,) * (len(shape) - 1)), shape).copy())
    if len(shape) == 1:
        return nir.Affine(np.diag(scale), bias)
    return _conv(ir.Conv(np.ones((shape[0], 1, 1, 1), dtype=np.int16), 1, groups=shape[0]), shape, scale, bias)[0][1]


SYNAPSE_NODES: dict[str, Callable[[Any, Shape, Reals, Reals], Nodes]] = {
    ir.Dense.kind: _dense,
    ir.Conv.kind: _conv,
    ir.SumPool.kind: _pool,
    ir.Identity.kind: _identity,
}
"""By `ir` kind: named nodes in a row for (synapse, shape of the source, real value of its accumulator, bias)."""
