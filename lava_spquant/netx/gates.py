"""Gates in a file: the layers whose spikes let a layer's current pass."""

from __future__ import annotations

import math
from collections.abc import Sequence

import h5py
import numpy as np

from lava_spquant import ir
from lava_spquant.ir.gate import check_gate_shape
from lava_spquant.netx.header import GATES_VERSION
from lava_spquant.netx.layers import Layers, Stream, building
from lava_spquant.netx.node import Node
from lava_spquant.netx.storage import write_array

__all__ = ["GATE_SOURCE", "check_gates", "read_gates", "write_gates"]

GATE_SOURCE = "gateSource"
"""One whole number per gate, counted back from the layer as a branch's `source`."""


def write_gates(handle: h5py.Group, index: int, block: ir.Block) -> None:
    """Write the gates of `block`, number `index` among its neighbours; nothing where it has none."""
    if block.gates:
        write_array(handle, GATE_SOURCE, np.array([gate.source - index for gate in block.gates], dtype=np.int64))


def check_gates(layer: Node, kind: str, layers: Layers) -> None:
    """Refuse gates where a reader could overlook them.

    Parameters
    ----------
    layer : Node
    kind : str
        Its type.
    layers : Layers

    Raises
    ------
    NetXError
        If the layer has gates but is none of one block, or the file has no version that older releases refuse.
    """
    if not layer.has(GATE_SOURCE):
        return
    found = "gates in a file " + ("without a version" if layers.version is None else f"of version {layers.version}")
    good = layers.version is not None and layers.version >= GATES_VERSION
    layer.place.expect(good, GATE_SOURCE, found=found, expected=f"format_version {GATES_VERSION}")
    good = kind not in ("input", "flatten", "group")
    layer.place.expect(good, GATE_SOURCE, found=f"gates of a layer of type {kind!r}", expected="a layer of one block")


def read_gates(layer: Node, layers: Layers, streams: Sequence[Stream], shape: ir.Shape) -> tuple[ir.Gate, ...]:
    """Read the gates of a layer.

    Parameters
    ----------
    layer : Node
    layers : Layers
    streams : sequence of Stream
        What precedes the layer.
    shape : tuple of int
        Of the layer.

    Raises
    ------
    NetXError
        If a source lies before the first layer, does not spike, stands behind a flatten layer, or does not fit the
        layer's shape.
    """
    if not layer.has(GATE_SOURCE):
        return ()
    layer.take_layers(math.prod(layer.dims(GATE_SOURCE)), GATE_SOURCE)
    values = layer.integers(GATE_SOURCE, (-1,)).tolist()
    good = all(-len(streams) <= back <= -1 for back in values)
    layer.place.expect(good, GATE_SOURCE, found=values, expected=f"numbers in {-len(streams)}..-1")
    return tuple(_read_gate(layer, layers, back, streams[back], shape) for back in values)


def _read_gate(layer: Node, layers: Layers, back: int, stream: Stream, shape: ir.Shape) -> ir.Gate:
    where = f"{GATE_SOURCE} {back}"
    known = stream.source != ir.INPUT
    layer.place.expect(known, where, found="the network's input", expected="a layer that spikes")
    sent = layers.blocks[stream.source].output_name()
    layer.place.expect(sent == "spikes", where, found=f"a layer of {sent} values", expected="a layer that spikes")
    layer.place.expect(not stream.flattened, where, found="a flatten layer", expected="the layer in front of it")
    with building(layer.place):
        check_gate_shape(stream.shape, shape, where)
        return ir.Gate(stream.source)
