"""Writing networks in lava-dl's own layout, for lava-dl to run (checked by `stock_check`)."""

from __future__ import annotations

import h5py
import numpy as np

from lava_spquant import ir
from lava_spquant.ir.synapse import required_bits
from lava_spquant.netx.kinds import SIZES
from lava_spquant.netx.stock_check import STOCK_GAIN, stock_weight
from lava_spquant.netx.storage import write_array, write_text, write_weight
from lava_spquant.netx.write import write_flatten, write_input, write_name, write_type

__all__ = ["write_stock"]


def write_stock(layers: h5py.Group, network: ir.Network) -> None:
    """Write `network` as the layers "0", "1", ... of a file that lava-dl's NetX loads.

    A flatten layer is inserted where a dense block reads (C, H, W). The declared width of the
    weights and F are added under names that lava-dl does not read.

    Parameters
    ----------
    layers : h5py.Group
        The empty group `layer`.
    network : Network
        One that passed `check_stock`.
    """
    shape = network.input.shape
    if not isinstance(network.blocks[0].branches[0].synapse, ir.Identity):
        write_input(_next(layers), network.input)
    for block, block_shape in zip(network.blocks, network.shapes, strict=True):
        synapse = block.branches[0].synapse
        if isinstance(synapse, ir.Dense) and len(shape) > 1:
            write_flatten(_next(layers), (int(np.prod(shape)),))
        layer = _next(layers)
        write_name(layer, block.name)
        if isinstance(synapse, ir.Identity):
            write_input(layer, network.input)
        else:
            _write_synapse(layer, block, block_shape)
        write_array(layer, "fracBits", int(block.frac_bits))
        _write_cuba(layer.create_group("neuron"), block.neuron)
        shape = block_shape


def _next(layers: h5py.Group) -> h5py.Group:
    return layers.create_group(str(len(layers)))


def _write_synapse(layer: h5py.Group, block: ir.Block, shape: ir.Shape) -> None:
    branch = block.branches[0]
    synapse = branch.synapse
    assert isinstance(synapse, (ir.Conv, ir.Dense))
    write_type(layer, synapse.kind)
    write_array(layer, "shape", np.array(shape, dtype=np.int64))
    for name, values in SIZES[synapse.kind](synapse).items():
        write_array(layer, name, np.array(values, dtype=np.int64) if len(values) > 1 else np.int64(values[0]))
    if isinstance(synapse, ir.Conv):
        for name in ("stride", "padding", "dilation"):
            write_array(layer, name, np.array(getattr(synapse, name), dtype=np.int64))
        write_array(layer, "groups", np.int64(synapse.groups))
    weight = stock_weight(branch)
    folded = bool(np.any(branch.gain != STOCK_GAIN))
    bits = float(required_bits(weight) if folded else synapse.weight_bits)
    write_weight(layer, "weight", weight, bits)
    write_array(layer, "weightBits", bits)
    mantissa = block.bias // STOCK_GAIN
    # Per-neuron values go where lava-dl reads them: its Processes are laid out (W, H, C).
    write_array(layer, "bias", np.ascontiguousarray(mantissa.T) if mantissa.ndim == 3 else mantissa)


def _write_cuba(neuron: h5py.Group, cuba: ir.Neuron) -> None:
    assert isinstance(cuba, ir.Cuba)
    write_text(neuron, "type", "CUBA")
    write_array(neuron, "iDecay", np.int64(cuba.current_decay))
    write_array(neuron, "vDecay", np.int64(cuba.voltage_decay))
    write_array(neuron, "vThMant", np.int64(cuba.vth // STOCK_GAIN))
    write_array(neuron, "refDelay", np.int64(1))
    write_array(neuron, "gradedSpike", False)
