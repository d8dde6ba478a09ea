"""Writing layers in our own layout: what lava-dl has no word for, under new names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

from lava_spquant import ir
from lava_spquant.netx.errors import Place
from lava_spquant.netx.gates import write_gates
from lava_spquant.netx.header import format_version, write_header
from lava_spquant.netx.kinds import SIZES
from lava_spquant.netx.limits import TEXT_MAX
from lava_spquant.netx.schema import NEURON_SCHEMAS, SYNAPSE_SCHEMAS, Form, Schema
from lava_spquant.netx.storage import write_array, write_text, write_weight

__all__ = ["check_name", "write_flatten", "write_input", "write_layer", "write_name", "write_network", "write_type"]


def write_layer(handle: h5py.Group, fragment: ir.Network) -> None:
    """Write one layer of a file, for `export_hdf5(handle)` of a block.

    A fragment of one block becomes an ordinary layer, or one of type "join" where several branches
    meet; more blocks become a layer of type "group", with layers inside it. Gates make it a file of a version that
    releases without gates refuse.

    Parameters
    ----------
    handle : h5py.Group
        The empty group `layer/<n>`.
    fragment : Network
        Its input stands for whatever precedes this layer in the file.

    Raises
    ------
    NetXError
        If a block's name cannot be written.
    """
    number = format_version(fragment)
    if number > 1:
        write_header(handle.file, number, "spquant")
    if len(fragment.blocks) == 1:
        _write_block(handle, 0, fragment)
        return
    write_type(handle, "group")
    write_array(handle, "shape", np.array(fragment.output_shape, dtype=np.int64))
    write_network(handle.create_group("layer"), fragment, first=0)


def write_network(layers: h5py.Group, network: ir.Network, first: int) -> None:
    """Write every block as one layer, starting at number `first`, behind the layer of the input."""
    for index in range(len(network.blocks)):
        _write_block(layers.create_group(str(first + index)), index, network)


def write_input(handle: h5py.Group, spec: ir.InputSpec) -> None:
    """Write an input layer without neurons, which names what precedes the next layer.

    Parameters
    ----------
    handle : h5py.Group
        The empty group `layer/0`.
    spec : InputSpec
    """
    write_type(handle, "input")
    write_array(handle, "shape", np.array(spec.shape, dtype=np.int64))
    write_array(handle, "inputBits", spec.bits)
    write_array(handle, "inputSigned", bool(spec.signed))


def write_flatten(handle: h5py.Group, shape: ir.Shape) -> None:
    """Write a flatten layer; order is C, H, W.

    Parameters
    ----------
    handle : h5py.Group
        The empty group `layer/<n>`.
    shape : tuple of int
        The flattened shape, (C * H * W,).
    """
    write_type(handle, "flatten")
    write_array(handle, "shape", np.array(shape, dtype=np.int64))


def write_type(handle: h5py.Group, kind: str) -> None:
    """Write a layer's type as lava-dl does: an array of one string of ten bytes."""
    write_text(handle, "type", kind, shape=(1,))


def check_name(name: str, place: Place) -> None:
    """Raise `NetXError` unless a block's or network's name can be written."""
    good = name.isprintable() and 0 < len(name.encode(errors="replace")) <= TEXT_MAX
    place.expect(good, "name", found=repr(name), expected=f"printable text of at most {TEXT_MAX} bytes")


def write_name(handle: h5py.Group, name: str) -> None:
    """Write a block's or network's name as an attribute.

    Raises
    ------
    NetXError
        If it is too long or not printable.
    """
    check_name(name, Place.of(handle))
    raw = name.encode()
    handle.attrs.create("name", np.bytes_(raw), dtype=h5py.string_dtype("utf-8", len(raw)))


def _write_block(handle: h5py.Group, index: int, network: ir.Network) -> None:
    """Write block `index`; sources count backwards from it, so that -1 is the layer before."""
    block = network.blocks[index]
    write_name(handle, block.name)
    write_array(handle, "shape", np.array(network.shapes[index], dtype=np.int64))
    sources = [branch.source - index for branch in block.branches]
    if len(block.branches) == 1:
        _write_branch(handle, block.branches[0], sources[0], layer=True)
    else:
        write_type(handle, "join")
        for number, (branch, source) in enumerate(zip(block.branches, sources, strict=True)):
            _write_branch(handle.create_group(f"branch/{number}"), branch, source, layer=False)
    write_gates(handle, index, block)
    write_array(handle, "fracBits", int(block.frac_bits))
    write_array(handle, "biasMembrane", block.bias)
    neuron = handle.create_group("neuron")
    write_text(neuron, "type", block.neuron.kind.upper())
    _write_record(neuron, block.neuron, NEURON_SCHEMAS[block.neuron.kind])


def _write_branch(handle: h5py.Group, branch: ir.Branch, source: int, layer: bool) -> None:
    synapse = branch.synapse
    if layer:
        write_type(handle, synapse.kind)
    else:
        write_text(handle, "type", synapse.kind)
    if source != -1 or not layer:
        write_array(handle, "source", int(source))
    if branch.output is not None:
        write_text(handle, "output", branch.output)
    write_array(handle, "gain", branch.gain)
    write_array(handle, "shift", int(branch.shift))
    _write_record(handle, synapse, SYNAPSE_SCHEMAS[synapse.kind])
    if synapse.kind in SIZES:
        for name, values in SIZES[synapse.kind](synapse).items():
            write_array(handle, name, _plain(values))


def _write_record(handle: h5py.Group, record: object, schema: Schema) -> None:
    for entry in schema.entries:
        value: Any = getattr(record, entry.attribute)
        if value is None:
            continue
        if entry.form is Form.RECORD:
            assert entry.record is not None
            _write_record(handle.create_group(entry.name), value, entry.record)
        elif entry.form is Form.TEXT:
            write_text(handle, entry.name, value)
        elif entry.form is Form.ARRAY and entry.name == "weight":
            write_weight(handle, entry.name, value, record.weight_bits)  # type: ignore[attr-defined]
        elif entry.form is Form.FLOAT:
            write_array(handle, entry.name, float(value))
        else:
            write_array(handle, entry.name, _plain(value))


def _plain(value: int | Sequence[int] | ir.IntArray) -> Any:
    """Numbers and pairs as int64, whatever integer they came as; arrays as they are."""
    if isinstance(value, np.ndarray):
        return value
    array = np.array(value, dtype=np.int64)
    return array[0] if array.shape == (1,) else array
