"""A chain of NIR nodes as layers: weights in units of the threshold, pools, and the neurons behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nir
import numpy as np

from lava_spquant.ir.arrays import Shape
from lava_spquant.ir.synapse.window import Pair
from lava_spquant.nir.dynamics import DYNAMICS, Clock, Dynamics, Reals, dynamics, per_channel
from lava_spquant.nir.errors import NirError, expect
from lava_spquant.nir.layer import ONE, Layer, extent, scaled, with_neurons

__all__ = ["fold_chain"]


def fold_chain(nodes: list[tuple[str, nir.NIRNode]], clock: Clock, factor: float) -> list[Layer]:
    """Return the layers of a chain.

    Parameters
    ----------
    nodes : list of (str, nir.NIRNode)
        As `chain` returns them.
    clock : Clock
    factor : float
        Real value of the largest input.

    Raises
    ------
    NirError
        If a node is of a kind, or at a place, that no block of ours has: the node and what is expected.
    """
    name, first = nodes[0]
    shape = _shape(first.input_type["input"], f"node {name!r}")
    fold = _Fold(shape, clock, factor)
    for name, node in nodes[1:]:
        fold.add(name, node)
    return fold.finish()


def _shape(values: Any, where: str) -> Shape:
    shape = tuple(int(n) for n in np.asarray(values).reshape(-1))
    good = len(shape) in (1, 3) and min(shape) >= 1
    expect(good, where, "shape", found=shape, expected="(C,) or (C, H, W)")
    return shape


class _Fold:
    """The layers so far, and what waits for its neurons."""

    def __init__(self, shape: Shape, clock: Clock, factor: float) -> None:
        self.shape, self.clock = shape, clock
        self.factor = factor
        self.layers: list[Layer] = []
        self.open: Layer | None = None
        self.ended = False

    def add(self, name: str, node: nir.NIRNode) -> None:
        where = f"node {name!r}"
        kind = type(node).__name__
        if isinstance(node, nir.Output):
            return
        expect(not self.ended, where, "type", found=f"{kind} behind a read-out", expected="the output")
        if type(node) in DYNAMICS:
            self._neurons(name, dynamics(node, where, self.shape, self.clock))
            return
        known = ", ".join(cls.__name__ for cls in (*_NODES, *DYNAMICS))
        expect(type(node) in _NODES, where, "type", found=kind, expected=f"one of {known}")
        _NODES[type(node)](self, name, node)

    def finish(self) -> list[Layer]:
        """Close what is open: weights at the end are a read-out."""
        if self.open is not None and self.open.kind == "dense":
            self.layers.append(replace(self.open, kind="readout"))
            self.open = None
        self._close("the output")
        expect(bool(self.layers), "graph", "nodes", found="no weights and no neurons", expected="at least one layer")
        return self.layers

    def weights(self, name: str, layer: Layer, shape: Shape) -> None:
        """Open weights, with what the stream still has to be multiplied by."""
        assert layer.weight is not None
        self._close(f"node {name!r}")
        self.open = replace(layer, weight=layer.weight * self.factor)
        self.shape, self.factor = shape, 1.0

    def pool(self, name: str, layer: Layer, average: bool) -> None:
        """Open a pool; our blocks take the mean of a window where no neuron follows."""
        where = f"node {name!r}"
        good = len(self.shape) == 3
        expect(good, where, "input shape", found=self.shape, expected="(C, H, W)")
        if self.open is not None and self.open.kind == "conv":
            self._pool_currents(layer, average, where)
            return
        self._close(where)
        self.open = layer
        self.factor *= 1.0 if average else layer.size
        self.shape = (self.shape[0], *extent(self.shape, layer, where))

    def _pool_currents(self, layer: Layer, average: bool, where: str) -> None:
        """Average what a convolution makes, before the neurons."""
        conv = self.open
        assert conv is not None
        found = (layer.kernel, layer.stride, layer.padding)
        good = layer.stride == layer.kernel and layer.padding == (0, 0)
        expect(good, where, "kernel, stride, padding", found=found, expected="windows side by side behind weights")
        expect(conv.dilation == ONE, where, "dilation before it", found=conv.dilation, expected="1")
        self.shape = (self.shape[0], *extent(self.shape, layer, where))
        size = np.full(self.shape[0], 1.0 if average else float(layer.size))
        self.open = replace(scaled(conv, size), kind="pooled", pool=layer.kernel)

    def scale(self, name: str, node: Any) -> None:
        """Multiply open weights per channel, or a stream by one value."""
        values = per_channel(node.scale, self.shape, f"node {name!r}", "scale")
        if self.open is not None and self.open.weight is not None:
            self.open = scaled(self.open, values)
            return
        same = bool(np.all(values == values[0]))
        expect(same, f"node {name!r}", "scale", found="several values", expected="one, where no weights precede")
        self.factor *= float(values[0])

    def flatten(self, name: str, node: Any) -> None:
        """Flatten everything: (C, H, W) to (C * H * W,)."""
        where = f"node {name!r}"
        self._close(where)
        # Some files count the axis of the batch too.
        good = node.start_dim in (0, 1) and node.end_dim in (-1, len(self.shape) - 1, len(self.shape))
        found = (node.start_dim, node.end_dim)
        expect(good, where, "start_dim, end_dim", found=found, expected="(0, -1): all axes")
        if len(self.shape) == 3:
            self.layers.append(Layer(name, "flatten"))
        self.shape = (math.prod(self.shape),)

    def _neurons(self, name: str, found: Dynamics) -> None:
        layer = self.open
        if layer is None and self.layers and len(self.shape) == 1:
            layer = Layer(name, "dense", weight=np.eye(self.shape[0]) * self.factor)
        elif layer is None and self.layers:
            # A stream through a window of one value, whose mean is that value.
            layer = Layer(name, "pool")
        if layer is not None and layer.weight is not None:
            self.layers.append(with_neurons(name, layer, found))
        else:
            self.layers.append(self._weightless(name, layer, found))
        self.ended = not found.spikes
        self.open, self.factor = None, 1.0

    def _weightless(self, name: str, pool: Layer | None, found: Dynamics) -> Layer:
        """Return neurons that read a pool, or the input itself, through their threshold."""
        where = f"node {name!r}"
        good = found.spikes and found.current_leak is None
        expect(good, where, "input", found="no weights", expected="weights before this kind of neuron")
        expect(not found.offset.any(), where, "v_leak", found="not 0", expected="0 where no weights precede")
        # A block's pool hands its neurons the sum, and `factor` was made for the mean.
        scale = found.scale * self.factor / (1 if pool is None else pool.size)
        same = bool(np.all(scale == scale[0])) and scale[0] > 0
        expect(same, where, "r / v_threshold", found="several values", expected="one, and positive, without weights")
        made = Layer(name, "input") if pool is None else pool
        return replace(made, name=name, neuron=found, threshold=1 / float(scale[0]))

    def _close(self, where: str) -> None:
        """Let an open pool send on its sums; weights without neurons are refused."""
        if self.open is None:
            return
        if self.open.kind != "pool":
            raise NirError(f"{where}: input: found weights ({self.open.name!r}), expected neurons behind weights")
        self.layers.append(self.open)
        self.open = None


def _pair(values: Any, where: str, what: str, low: int) -> Pair:
    array = np.asarray(values).reshape(-1)
    good = array.size in (1, 2) and array.dtype.kind in "iu" and bool(array.min() >= low)
    expect(good, where, what, found=values, expected=f"one or two whole numbers from {low} on")
    return int(array[0]), int(array[-1])


def _add_linear(fold: _Fold, name: str, node: Any) -> None:
    where, weight = f"node {name!r}", np.asarray(node.weight, dtype=np.float64)
    expect(weight.ndim == 2, where, "weight shape", found=weight.shape, expected="(C_out, C_in)")
    good = fold.shape == (weight.shape[1],)
    expect(good, where, "input shape", found=fold.shape, expected=f"({weight.shape[1]},), which the weights read")
    fold.weights(name, Layer(name, "dense", weight=weight, bias=_bias(node, weight, where)), (weight.shape[0],))


def _add_conv(fold: _Fold, name: str, node: Any) -> None:
    where, weight = f"node {name!r}", np.asarray(node.weight, dtype=np.float64)
    expect(weight.ndim == 4, where, "weight shape", found=weight.shape, expected="(C_out, C_in / groups, kh, kw)")
    groups, channels = int(node.groups), fold.shape[0]
    good = len(fold.shape) == 3 and groups >= 1 and weight.shape[0] % groups == 0
    good = good and channels == weight.shape[1] * groups
    found, expected = f"{fold.shape} in {groups} groups", f"({weight.shape[1] * groups}, H, W)"
    expect(good, where, "input shape", found=found, expected=expected)
    layer = Layer(
        name,
        "conv",
        weight=weight,
        bias=_bias(node, weight, where),
        kernel=(weight.shape[2], weight.shape[3]),
        stride=_pair(node.stride, where, "stride", 1),
        dilation=_pair(node.dilation, where, "dilation", 1),
        groups=groups,
    )
    layer = replace(layer, padding=_padding(node.padding, layer, where))
    fold.weights(name, layer, (weight.shape[0], *extent(fold.shape, layer, where)))


def _padding(value: Any, layer: Layer, where: str) -> Pair:
    if not isinstance(value, str):
        return _pair(value, where, "padding", 0)
    if value == "valid":
        return 0, 0
    whole = [d * (k - 1) for k, d in zip(layer.kernel, layer.dilation, strict=True)]
    good = value == "same" and layer.stride == ONE and all(n % 2 == 0 for n in whole)
    expect(
        good, where, "padding", found=repr(value), expected="numbers, 'valid', or 'same' for odd kernels at stride 1"
    )
    return whole[0] // 2, whole[1] // 2


def _bias(node: Any, weight: Reals, where: str) -> Reals | None:
    if getattr(node, "bias", None) is None:
        return None
    bias = np.asarray(node.bias, dtype=np.float64)
    expect(bias.shape == weight.shape[:1], where, "bias shape", found=bias.shape, expected=weight.shape[:1])
    return bias


def _add_pool(fold: _Fold, name: str, node: Any) -> None:
    where = f"node {name!r}"
    kernel, stride = (_pair(getattr(node, what), where, what, 1) for what in ("kernel_size", "stride"))
    layer = Layer(name, "pool", kernel=kernel, stride=stride, padding=_pair(node.padding, where, "padding", 0))
    fold.pool(name, layer, average=isinstance(node, nir.AvgPool2d))


_NODES: dict[type[nir.NIRNode], Callable[[_Fold, str, Any], None]] = {
    nir.Linear: _add_linear,
    nir.Affine: _add_linear,
    nir.Conv2d: _add_conv,
    nir.SumPool2d: _add_pool,
    nir.AvgPool2d: _add_pool,
    nir.Scale: _Fold.scale,
    nir.Flatten: _Fold.flatten,
}
"""One function per node of NIR that is no neuron."""
