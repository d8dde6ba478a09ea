"""Reading layers as lava-dl's SLAYER writes them, with the meaning that Lava gives them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.synapse import required_bits
from lava_spquant.netx.kinds import take_padding
from lava_spquant.netx.layers import Layers, Stream, building
from lava_spquant.netx.node import Node
from lava_spquant.netx.stock_check import STOCK_GAIN
from lava_spquant.netx.stock_weights import UnrunnableWeightsError, lava_dense_weight

__all__ = ["STOCK_LAYERS", "UNSUPPORTED_LAYERS", "read_input_neuron"]

UNSUPPORTED_LAYERS = ("average", "concat", "convT", "dense_comp", "dense_rec", "unpool")
"""Layers that lava-dl writes and this library cannot express."""

_THRESHOLD_MAX = 2**18 - 1
_NO_DECAY_NO_SPIKES = ir.Cuba(current_decay=0, voltage_decay=4096, vth=STOCK_GAIN << 17)
"""What NetX assumes for a dense layer without neurons."""

_log = logging.getLogger(__name__)


def read_input_neuron(layer: Node, spec: ir.InputSpec, layers: Layers) -> Stream:
    """Read an input layer with neurons: the image arrives as their bias, every step.

    The layer's own `weight` and `bias` describe a transform that Lava leaves to the user.
    """
    neuron = _read_cuba(layer)
    with building(layer.place):
        # The image bypasses the current: as a current that is forgotten at once it does the same.
        neuron = ir.Cuba(4096, neuron.voltage_decay, neuron.vth)
        gain = np.full(spec.shape[0], STOCK_GAIN, dtype=np.int16)
        bias = np.zeros(spec.shape[0], dtype=np.int32)
        name = layers.name_for(layer, "input")
        block = ir.Block(name, (ir.Branch(ir.Identity(), gain),), neuron, bias, _frac_bits(layer))
    return layers.add(block, spec.shape, layer.place)


def _read_dense(layer: Node, stream: Stream, layers: Layers) -> Stream:
    size = int(np.prod(layer.shape()))
    good = len(stream.shape) == 1 or stream.flattened
    layer.place.expect(good, "type", found=f"'dense' behind {stream.shape}", expected="a flatten layer between them")
    layer.place.expect(not layer.is_group("weight"), "weight", found="complex weights", expected="real ones")
    raw = layer.integers("weight", (size, stream.size), (size * stream.size,)).reshape(size, stream.size)
    _check_sizes(layer, inFeatures=stream.size, outFeatures=size)
    try:
        weight = lava_dense_weight(raw)
    except UnrunnableWeightsError as error:
        layer.place.expect(not raw.any(), "weight", found=f"{error}", expected="weights that Lava's Dense runs")
        weight = raw
    changed = int(np.count_nonzero(weight != raw))
    if changed:
        _log.warning("%s: %s: Lava changes %d of %d weights", layer.place.file, layer.place.path, changed, raw.size)
    bias = _read_bias(layer, (size,))
    neuron = _read_cuba(layer) if layer.has("neuron") else _NO_DECAY_NO_SPIKES
    with building(layer.place):
        synapse = ir.Dense(weight, _weight_bits(layer, weight))
    return _add(layer, "dense", synapse, stream, bias, neuron, layers, (size,))


def _read_conv(layer: Node, stream: Stream, layers: Layers) -> Stream:
    shape = _image_shape(layer, stream)
    layer.place.expect(not layer.is_group("weight"), "weight", found="complex weights", expected="real ones")
    kernel_shape = (shape[0], -1, -1, -1)
    weight = layer.integers("weight", kernel_shape, (*kernel_shape, 1))
    weight = weight.reshape(weight.shape[:4])
    groups = layer.integer("groups", 1, 2**31 - 1)
    _check_sizes(layer, inChannels=stream.shape[0], outChannels=shape[0])
    if layer.has("kernelSize"):
        kernel = layer.pair("kernelSize")
        layer.place.expect(kernel == weight.shape[2:], "kernelSize", found=kernel, expected=weight.shape[2:])
    stride, padding, dilation = (layer.pair(name) for name in ("stride", "padding", "dilation"))
    with building(layer.place):
        synapse = ir.Conv(weight, _weight_bits(layer, weight), stride, padding, dilation, groups)
    return _add(layer, "conv", synapse, stream, _read_bias(layer, shape), _read_cuba(layer), layers, shape)


def _read_pool(layer: Node, stream: Stream, layers: Layers) -> Stream:
    """Read a pool with one weight throughout: a sum scaled by a gain."""
    shape = _image_shape(layer, stream)
    weight = layer.integers("weight", (1, 1, -1, -1), (1, 1, -1, -1, 1)).reshape(-1)
    same = weight.size > 0 and bool(np.all(weight == weight[0]))
    layer.place.expect(same, "weight", found="different weights", expected="one weight: others are not supported")
    dilation = layer.pair("dilation")
    layer.place.expect(dilation == (1, 1), "dilation", found=dilation, expected="1: a dilated pool is not supported")
    with building(layer.place):
        synapse = ir.SumPool(layer.pair("kernelSize"), layer.pair("stride"), layer.pair("padding"))
        kernel = synapse.kernel[0] * synapse.kernel[1]
    layer.place.expect(weight.size == kernel, "kernelSize", found=synapse.kernel, expected=f"{weight.size} values")
    bias = np.zeros(shape[0], dtype=np.int64)
    return _add(layer, "pool", synapse, stream, bias, _read_cuba(layer), layers, shape, int(weight[0]))


STOCK_LAYERS: dict[str, Callable[[Node, Stream, Layers], Stream]] = {
    "dense": _read_dense,
    "conv": _read_conv,
    "pool": _read_pool,
}
"""One reader per type of layer that lava-dl writes."""


def _add(
    layer: Node,
    kind: str,
    synapse: ir.Synapse,
    stream: Stream,
    bias: ir.IntArray,
    neuron: ir.Cuba,
    layers: Layers,
    shape: ir.Shape,
    scale: int = 1,
) -> Stream:
    layer.place.expect(not layer.has("delay"), "delay", found="axonal delays", expected="none: not supported")
    with building(layer.place):
        found = synapse.output_shape(stream.shape)
        layer.place.expect(found == shape, "shape", found=shape, expected=f"{found}, which its fields give")
        take_padding(layer, synapse, stream.shape)
        branch = ir.Branch(synapse, np.full(shape[0], STOCK_GAIN * scale), source=stream.source)
        block = ir.Block(layers.name_for(layer, kind), (branch,), neuron, bias * STOCK_GAIN, _frac_bits(layer))
    return layers.add(block, shape, layer.place)


def _read_cuba(layer: Node) -> ir.Cuba:
    neuron = layer.group("neuron")
    kind = neuron.text("type")
    known = kind in ("CUBA", "LOIHI")
    neuron.place.expect(known, "type", found=repr(kind), expected="'CUBA': other neurons of lava-dl are not supported")
    graded = neuron.integer("gradedSpike", 0, 1, default=0)
    neuron.place.expect(graded == 0, "gradedSpike", found=True, expected="False: Lava's LIF sends no graded spikes")
    if neuron.integer("weight_exp", -64, 64, default=0):
        _log.warning("%s: %s: weight_exp is ignored, as Lava does", neuron.place.file, neuron.place.path)
    with building(neuron.place):
        return ir.Cuba(
            current_decay=neuron.integer("iDecay", 0, 4096),
            voltage_decay=neuron.integer("vDecay", 0, 4096),
            vth=STOCK_GAIN * neuron.integer("vThMant", 0, _THRESHOLD_MAX),
        )


def _read_bias(layer: Node, shape: ir.Shape) -> ir.IntArray:
    """Return mantissas (C,) or (C, H, W), int64; lava-dl lays per-neuron values out as (W, H, C)."""
    if not layer.has("bias"):
        return np.zeros(shape[0], dtype=np.int64)
    allowed = [shape[::-1], (shape[0],)] if len(shape) == 3 else [(shape[0],), (1,), ()]
    bias = layer.integers("bias", *allowed)
    good = bool(np.all(bias >= -(2**15)) and np.all(bias < 2**15))
    layer.place.expect(good, "bias", found=f"{bias.min()}..{bias.max()}", expected="an int16, which Lava keeps it in")
    return bias.T if bias.ndim == 3 else np.broadcast_to(bias, (shape[0],))


def _image_shape(layer: Node, stream: Stream) -> ir.Shape:
    shape = layer.shape()
    layer.place.expect(len(shape) == 3, "shape", found=shape, expected="(C, H, W)")
    good = len(stream.shape) == 3 and not stream.flattened
    layer.place.expect(good, "type", found=f"behind {stream.shape}", expected="a source of shape (C, H, W)")
    return shape


def _check_sizes(layer: Node, **sizes: int) -> None:
    for name, wanted in sizes.items():
        found = layer.integer(name, 0, 2**31 - 1, default=wanted)
        layer.place.expect(found == wanted, name, found=found, expected=wanted)


def _frac_bits(layer: Node) -> int:
    return layer.integer("fracBits", 0, 22, default=6)


def _weight_bits(layer: Node, weight: ir.IntArray) -> float:
    return layer.number("weightBits") if layer.has("weightBits") else required_bits(weight)
