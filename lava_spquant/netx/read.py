"""Reading layers in our own layout, checked against the shapes around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lava_spquant import ir
from lava_spquant.netx.gates import GATE_SOURCE, read_gates
from lava_spquant.netx.kinds import SIZES, expected_weight, take_padding
from lava_spquant.netx.layers import Layers, Stream, building
from lava_spquant.netx.node import Node
from lava_spquant.netx.schema import NEURON_SCHEMAS, SYNAPSE_SCHEMAS, Form, Schema

__all__ = ["is_ours", "read_own"]

_OUR_FIELDS = ("gain", "shift", "biasMembrane", GATE_SOURCE)


def is_ours(layer: Node, kind: str) -> bool:
    """Tell whether a layer says more than lava-dl can: it has one of our fields, or a kind that lava-dl lacks."""
    return kind in ("join", "identity") or any(layer.has(name) for name in _OUR_FIELDS)


def read_own(layer: Node, kind: str, layers: Layers, streams: Sequence[Stream]) -> Stream:
    """Read one block and add it to `layers`.

    Parameters
    ----------
    layer : Node
    kind : str
        Its type.
    layers : Layers
    streams : sequence of Stream
        What precedes the layer: first what comes before all layers of its group, last its neighbour.

    Returns
    -------
    Stream
        What the block offers to the layers behind it.

    Raises
    ------
    NetXError
        Naming layer, field, found and expected.
    """
    shape = layer.shape()
    layer.place.expect(len(shape) in (1, 3), "shape", found=shape, expected="(C,) or (C, H, W)")
    parts = layer.group("branch").members() if kind == "join" else [layer]
    branches = [_read_branch(part, part.text("type"), streams, shape) for part in parts]
    bias = layer.integers("biasMembrane", (shape[0],), shape)
    neuron = read_neuron(layer)
    gates = read_gates(layer, layers, streams, shape)
    with building(layer.place):
        frac_bits = layer.integer("fracBits", 0, 22)
        block = ir.Block(layers.name_for(layer, kind), tuple(branches), neuron, bias, frac_bits, gates)
    return layers.add(block, shape, layer.place)


def read_neuron(layer: Node) -> ir.Neuron:
    """Read the neuron of a layer by its type.

    Raises
    ------
    NetXError
        If the type is unknown or a field is missing or out of range.
    """
    node = layer.group("neuron")
    kind = node.text("type")
    known = [name.upper() for name in NEURON_SCHEMAS]
    node.place.expect(kind in known, "type", found=f"unknown neuron {kind!r}", expected=f"one of {known}")
    schema = NEURON_SCHEMAS[kind.lower()]
    with building(node.place):
        neuron: ir.Neuron = schema.cls(**_read_record(node, schema, ()))
    return neuron


def _read_branch(node: Node, kind: str, streams: Sequence[Stream], shape: ir.Shape) -> ir.Branch:
    known = list(SYNAPSE_SCHEMAS)
    node.place.expect(kind in known, "type", found=f"unknown synapse {kind!r}", expected=f"one of {known}")
    back = node.integer("source", -len(streams), -1, default=-1)
    stream = streams[back]
    good = kind == "dense" or not stream.flattened
    node.place.expect(good, "type", found=f"{kind!r} behind a flatten layer", expected="'dense'")
    output = node.text("output") if node.has("output") else None
    schema = SYNAPSE_SCHEMAS[kind]
    weighted = any(entry.form is Form.ARRAY for entry in schema.entries)
    expected = expected_weight(kind, stream.shape, shape, node.place) if weighted else ()
    gain = node.integers("gain", (shape[0],))
    with building(node.place):
        synapse: ir.Synapse = schema.cls(**_read_record(node, schema, expected))
        found = synapse.output_shape(stream.shape)
        branch = ir.Branch(synapse, gain, node.integer("shift", 0, 31), stream.source, output)
    node.place.expect(found == shape, "shape", found=shape, expected=f"{found}, which its fields give")
    take_padding(node, synapse, stream.shape)
    _check_sizes(node, synapse)
    return branch


def _check_sizes(node: Node, synapse: ir.Synapse) -> None:
    """Hold the fields that follow from the weights to what they must be."""
    if synapse.kind not in SIZES:
        return
    for name, wanted in SIZES[synapse.kind](synapse).items():
        shapes = [(), (1,)] if len(wanted) == 1 else [(len(wanted),)]
        found = tuple(node.integers(name, *shapes).reshape(-1).tolist())
        node.place.expect(found == wanted, name, found=found, expected=wanted)


def _read_record(node: Node, schema: Schema, array: ir.Shape) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for entry in schema.entries:
        if entry.optional and not node.has(entry.name):
            values[entry.attribute] = None
        elif entry.form is Form.RECORD:
            assert entry.record is not None
            inner = node.group(entry.name)
            with building(inner.place):
                values[entry.attribute] = entry.record.cls(**_read_record(inner, entry.record, ()))
        else:
            values[entry.attribute] = _read_value(node, entry.name, entry.form, array)
    return values


def _read_value(node: Node, name: str, form: Form, array: ir.Shape) -> Any:
    if form is Form.INT:
        return node.integer(name, -(2**31), 2**31 - 1)
    if form is Form.FLOAT:
        value = node.number(name)
        return int(value) if np.rint(value) == value else value
    if form is Form.TEXT:
        return node.text(name)
    if form is Form.PAIR:
        return node.pair(name)
    return node.integers(name, array)
