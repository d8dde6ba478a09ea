"""One block of an imported network, while it is put together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lava_spquant.ir.arrays import Shape
from lava_spquant.ir.errors import NetworkError
from lava_spquant.ir.synapse.window import Pair, window_extent
from lava_spquant.nir.dynamics import Dynamics, Reals
from lava_spquant.nir.errors import NirError, expect

__all__ = ["ONE", "Layer", "extent", "scaled", "with_neurons"]

ONE: Pair = (1, 1)


@dataclass(frozen=True, eq=False)
class Layer:
    """One block of the imported network.

    Attributes
    ----------
    name : str
        Of the node that it was made of.
    kind : {"dense", "conv", "pooled", "pool", "flatten", "input", "readout"}
        A pooled one is a convolution whose currents are averaged.
    neuron : Dynamics or None
        None for a pool that sends its sums on, for a flattening, and for a read-out.
    weight : numpy.ndarray or None
        (C_out, ...), in thresholds per unit of what is read; nothing for pools and inputs.
    bias : numpy.ndarray or None
        (C_out,), in thresholds.
    kernel, stride, padding, dilation : (int, int)
    groups : int
    pool : (int, int)
        Window and stride of a pooled convolution's average.
    threshold : float
        In units of what is read, for neurons without weights.
    """

    name: str
    kind: str
    neuron: Dynamics | None = None
    weight: Reals | None = None
    bias: Reals | None = None
    kernel: Pair = ONE
    stride: Pair = ONE
    padding: Pair = (0, 0)
    dilation: Pair = ONE
    groups: int = 1
    pool: Pair = ONE
    threshold: float = 1.0

    @property
    def size(self) -> int:
        """Values in a window."""
        return self.kernel[0] * self.kernel[1]


def scaled(layer: Layer, values: Reals) -> Layer:
    """Multiply weights and bias per output channel."""
    assert layer.weight is not None
    rows = values.reshape((-1,) + (1,) * (layer.weight.ndim - 1))
    return replace(layer, weight=layer.weight * rows, bias=None if layer.bias is None else layer.bias * values)


def with_neurons(name: str, layer: Layer, found: Dynamics) -> Layer:
    """Return weights and bias in units of the threshold, with their neurons."""
    where = f"node {name!r}"
    if found.current_leak is not None:
        expect(layer.kind != "pooled", where, "input", found="a pool", expected="weights before this kind of neuron")
        good = layer.bias is None or not layer.bias.any()
        expected = "0: a deployed bias does not pass the filter of the current"
        expect(good, where, "bias into CubaLIF", found="not 0", expected=expected)
    made = scaled(layer, found.scale)
    bias = found.offset if made.bias is None else made.bias + found.offset
    if not found.spikes:
        expect(layer.kind == "dense", where, "input", found=layer.kind, expected="Linear or Affine before a read-out")
        return replace(made, name=name, kind="readout", bias=bias)
    return replace(made, name=name, bias=bias if bias.any() else None, neuron=found)


def extent(shape: Shape, layer: Layer, where: str) -> Pair:
    """Return the (height, width) that a layer's window makes of a source of shape (C, H, W)."""
    try:
        return window_extent(shape, layer.kernel, layer.stride, layer.padding, layer.dilation, where)
    except NetworkError as error:
        raise NirError(str(error)) from error
