"""Reading whole files: ours, those that lava-dl writes, and those with layers of both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import h5py

from lava_spquant import ir
from lava_spquant.netx.dataset import Budget
from lava_spquant.netx.errors import Place, reading
from lava_spquant.netx.gates import check_gates
from lava_spquant.netx.header import FORMAT, FORMAT_VERSION, Profile
from lava_spquant.netx.layers import Layers, Stream, building
from lava_spquant.netx.limits import DEPTH_MAX, TEXT_MAX
from lava_spquant.netx.node import Node
from lava_spquant.netx.read import is_ours, read_own
from lava_spquant.netx.stock_read import STOCK_LAYERS, UNSUPPORTED_LAYERS, read_input_neuron

__all__ = ["FileInfo", "info", "load"]

_IMAGE_AS_BIAS = (16, True)
"""Bits and sign of an input that Lava passes on as an int16 bias."""


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself.

    Attributes
    ----------
    profile : {"spquant", "stock"}
        A file without our attributes counts as "stock", the layout of lava-dl.
    format_version : int or None
        None for such a file.
    name : str
        Name of the network, or of the file without its suffix; printable.
    metadata : dict of str to str
    writer : str or None
        Library and version that wrote the file; printable.
    """

    profile: Profile
    format_version: int | None
    name: str
    metadata: dict[str, str]
    writer: str | None


def info(path: str | os.PathLike[str]) -> FileInfo:
    """Return what a file says about itself, without reading its layers.

    Raises
    ------
    NetXError
        If it is no HDF5 file, or one of a newer format version.
    """
    with _opened(path) as root:
        return _read_info(root, Path(path))


def load(
    path: str | os.PathLike[str], *, input_shape: ir.Shape | None = None, input_bits: int | None = None
) -> ir.Network:
    """Read a network from a file written by `save`, by `export_hdf5` of SLAYER's blocks, or by both.

    Layers in lava-dl's layout become `Cuba` blocks with gain 64 and with the weights that Lava
    really multiplies with.

    Parameters
    ----------
    path : path-like
    input_shape : tuple of int, optional
        (C, H, W) or (C,), for files that do not say it: those that start with a convolution.
    input_bits : int, optional
        Width of an unsigned input, for files that do not say it. By default spikes, or signed 16 bits
        where lava-dl's input layer has neurons, which take the input as bias.

    Returns
    -------
    Network

    Raises
    ------
    NetXError
        If the file is missing, damaged, of a newer format or of a kind that is not supported: file,
        layer, field, what was found and what was expected. Nothing is allocated before it was checked.
    """
    with _opened(path) as root:
        about = _read_info(root, Path(path))
        members = root.group("layer").members()
        spec = _read_input_spec(members, input_shape, input_bits)
        layers = Layers(spec, about.format_version)
        _read_layers(members, Stream(ir.INPUT, spec.shape), layers, depth=0)
        root.place.expect(len(layers.blocks) > 0, "layer", found="no neurons", expected="at least one block")
        with building(root.place):
            return ir.Network(spec, tuple(layers.blocks), about.name)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Node]:
    place = Place(Path(path).name)
    place.expect(Path(path).is_file(), "", found=f"no file at {path}", expected="a .net file")
    with ExitStack() as stack:
        with reading(place, "", "an HDF5 file"):
            root = stack.enter_context(h5py.File(path, "r"))["/"]
        place.expect(isinstance(root, h5py.Group), "", found="no root group", expected="an HDF5 file")
        yield Node(root, place, Budget())


def _read_info(root: Node, path: Path) -> FileInfo:
    name = _read_label(root, "name") or (path.stem if path.stem.isprintable() else "network")
    if root.attribute("format") != FORMAT:
        return FileInfo("stock", None, name, {}, None)
    version, writer = root.attribute("format_version"), _read_label(root, "writer")
    good = isinstance(version, int) and version >= 1
    root.place.expect(good, "attribute 'format_version'", found=version, expected="a whole number from 1 on")
    newer = f"at most {FORMAT_VERSION}: this release of lava_spquant is older than the file; update it"
    found = f"{version}, written by {writer}"
    root.place.expect(cast(int, version) <= FORMAT_VERSION, "attribute 'format_version'", found=found, expected=newer)
    profile = root.attribute("profile", TEXT_MAX)
    good = profile in ("spquant", "stock")
    root.place.expect(good, "attribute 'profile'", found=repr(profile), expected="'spquant' or 'stock'")
    return FileInfo(cast(Profile, profile), cast(int, version), name, _read_metadata(root), writer)


def _read_label(root: Node, name: str) -> str:
    """Return a short attribute that ends up in messages and tables; nothing where there is none."""
    text = str(root.attribute(name, TEXT_MAX) or "")
    root.place.expect(text.isprintable(), f"attribute {name!r}", found=repr(text), expected="printable text")
    return text


def _read_metadata(root: Node) -> dict[str, str]:
    try:
        values = json.loads(str(root.attribute("metadata") or "{}"))
    except (ValueError, RecursionError) as error:
        raise root.place.error("attribute 'metadata'", found=f"{error}", expected="JSON") from error
    good = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
    root.place.expect(good, "attribute 'metadata'", found="other values", expected="text by text")
    return cast("dict[str, str]", values)


def _read_input_spec(members: Sequence[Node], shape: ir.Shape | None, bits: int | None) -> ir.InputSpec:
    first = members[0]
    stored = _stored_input_shape(members)
    place = first.place
    given = None if shape is None else tuple(int(n) for n in shape)
    found = stored if given is None else given
    if found is None:
        raise place.error("shape", found="no input layer", expected="input_shape=(C, H, W) as an argument")
    place.expect(stored in (None, found), "shape", found=stored, expected=f"{found}, the argument input_shape")
    width, signed = (1, False)
    if first.text("type") == "input":
        width, signed = _IMAGE_AS_BIAS if first.has("neuron") else (1, False)
        if first.has("inputBits"):
            width, signed = first.integer("inputBits", 1, 16), bool(first.integer("inputSigned", 0, 1, default=0))
            good = bits in (None, width)
            place.expect(good, "inputBits", found=width, expected=f"{bits}, the argument input_bits")
        elif bits is not None:
            width, signed = bits, False
    elif bits is not None:
        width = bits
    with building(place):
        return ir.InputSpec(found, width, signed)


def _stored_input_shape(members: Sequence[Node]) -> ir.Shape | None:
    """Return what the input layer says, or how many values a first dense layer reads."""
    kinds = [node.text("type") for node in members]
    if kinds[0] == "input":
        return members[0].shape()
    if kinds[0] == "dense" and not members[0].is_group("weight"):
        dims = members[0].dims("weight")
        if len(dims) == 2:
            return (dims[1],)
    return None


def _read_layers(members: Sequence[Node], before: Stream, layers: Layers, depth: int) -> Stream:
    """Read the layers of a file or of a group, and return what the last one offers."""
    streams = [before]
    for number, layer in enumerate(members):
        kind = layer.text("type")
        first = depth == 0 and number == 0
        streams.append(_read_layer(layer, kind, streams, layers, depth, first))
    return streams[-1]


def _read_layer(layer: Node, kind: str, streams: Sequence[Stream], layers: Layers, depth: int, first: bool) -> Stream:
    last = streams[-1]
    check_gates(layer, kind, layers)
    if kind == "input":
        layer.place.expect(first, "type", found="'input'", expected="it only as the first layer")
        return read_input_neuron(layer, layers.input, layers) if layer.has("neuron") else last
    if kind == "flatten":
        return _read_flatten(layer, last)
    if kind == "group":
        layer.place.expect(depth < DEPTH_MAX, "type", found="more nested groups", expected=f"at most {DEPTH_MAX}")
        inside = layer.group("layer").members()
        return _read_layers(inside, last, layers, depth + 1)
    if is_ours(layer, kind):
        return read_own(layer, kind, layers, streams)
    supported = [*STOCK_LAYERS, "input", "flatten", "join", "identity", "group"]
    named = kind in UNSUPPORTED_LAYERS
    layer.place.expect(not named, "type", found=repr(kind), expected=f"one of {supported}; it is not supported")
    layer.place.expect(kind in STOCK_LAYERS, "type", found=f"unknown type {kind!r}", expected=f"one of {supported}")
    return STOCK_LAYERS[kind](layer, last, layers)


def _read_flatten(layer: Node, last: Stream) -> Stream:
    shape = layer.shape()
    size = Stream(last.source, shape).size
    layer.place.expect(size == last.size, "shape", found=shape, expected=f"{last.size} values")
    return Stream(last.source, last.shape, flattened=len(last.shape) > 1)
