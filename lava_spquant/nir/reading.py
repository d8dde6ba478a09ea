"""Reading a `.nir` file as untrusted input: every field is judged before memory is allocated for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np

from lava_spquant.netx.dataset import Budget
from lava_spquant.netx.errors import NetXError, Place, reading
from lava_spquant.netx.limits import DEPTH_MAX
from lava_spquant.netx.node import Node
from lava_spquant.nir.errors import NirError

__all__ = ["DESCRIPTION_MAX", "read"]

DESCRIPTION_MAX = 2**24
"""Bytes of one text of metadata."""

NODES: dict[str, type[nir.NIRNode]] = {
    cls.__name__: cls
    for cls in (
        *(nir.Input, nir.Output, nir.Affine, nir.Linear, nir.Scale, nir.Conv1d, nir.Conv2d),
        *(nir.SumPool2d, nir.AvgPool2d, nir.Flatten, nir.Delay, nir.Threshold),
        *(nir.I, nir.IF, nir.LI, nir.LIF, nir.CubaLI, nir.CubaLIF),
    )
}
"""Primitives of NIR by the name that files use."""

_OPTIONAL = {"input_shape"}
"""Fields without a default that older files leave out."""

_WHOLE = {"input_shape", "kernel_size", "stride", "padding", "dilation", "groups", "start_dim", "end_dim"}
"""Fields that stay whole numbers; the others are real."""


def read(path: str | os.PathLike[str]) -> nir.NIRGraph:
    """Read a graph from a `.nir` file.

    The types of the nodes are not checked against each other, since files of several frameworks leave them
    inconsistent; what imports the graph follows the shapes itself.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    NirError
        If the file is missing, damaged or holds anything but NIR's primitives: file, node, field, found, expected.
    """
    place = Place(Path(path).name)
    try:
        place.expect(Path(path).is_file(), "", found=f"no file at {path}", expected="a .nir file")
        with reading(place, "", "an HDF5 file"):
            file = h5py.File(path, "r")
        with file:
            root = file["/"]
            place.expect(isinstance(root, h5py.Group), "", found="no root group", expected="an HDF5 file")
            return _read_graph(Node(root, place, Budget()).group("node"), 0)
    except NetXError as error:
        raise NirError(str(error)) from error


def _read_graph(node: Node, depth: int) -> nir.NIRGraph:
    node.place.expect(depth < DEPTH_MAX, "", found="more graphs in graphs", expected=f"at most {DEPTH_MAX}")
    kind = _text(node, "type")
    node.place.expect(kind == "NIRGraph", "type", found=repr(kind), expected="'NIRGraph'")
    inside = node.group("nodes")
    nodes = {name: _read_node(inside.group(name), depth) for name in inside.names()}
    edges = node.texts("edges")
    good = edges.ndim == 2 and edges.shape[1] == 2
    node.place.expect(good, "edges", found=f"shape {edges.shape}", expected="(n, 2)")
    pairs = [(str(a), str(b)) for a, b in edges]
    missing = sorted({name for pair in pairs for name in pair} - nodes.keys())
    node.place.expect(not missing, "edges", found=f"no node {missing[:3]}", expected="nodes of the graph")
    return nir.NIRGraph(nodes=nodes, edges=pairs, metadata=_read_metadata(node), type_check=False)


def _read_node(node: Node, depth: int) -> nir.NIRNode:
    kind = _text(node, "type")
    if kind == "NIRGraph":
        return _read_graph(node, depth + 1)
    node.place.expect(kind in NODES, "type", found=repr(kind), expected=f"one of {', '.join(NODES)}")
    if kind in _RENAMED:
        return _RENAMED[kind](node)
    values: dict[str, Any] = {"metadata": _read_metadata(node)}
    for field in fields(NODES[kind]):
        if not field.init or field.name == "metadata":
            continue
        if node.has(field.name):
            values[field.name] = _value(node, field.name)
        elif field.default is MISSING:
            node.place.expect(field.name in _OPTIONAL, field.name, found="nothing", expected="a dataset")
            values[field.name] = None
    return _made(node, NODES[kind], values)


def _made(node: Node, cls: type[nir.NIRNode], values: dict[str, Any]) -> nir.NIRNode:
    # NIR's own checks are assertions, among other things.
    try:
        return cls(**values)
    except (AssertionError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise node.place.error("", found=f"a node that NIR refuses ({error})", expected=f"a {cls.__name__}") from error


def _value(node: Node, name: str) -> Any:
    """Return a number, an array or (padding) a word."""
    if node.is_text(name):
        return _text(node, name)
    values = node.numbers(name, node.dims(name))
    if name not in _WHOLE:
        return values.astype(np.float64)
    node.place.expect(values.dtype.kind == "i", name, found="fractions", expected="whole numbers")
    return int(values) if values.ndim == 0 else values


def _shape(node: Node, name: str) -> Any:
    """Return a shape and count it, as it may claim neurons for which there is no data."""
    values = node.integers(name, (-1,), ())
    good = values.size <= DEPTH_MAX and bool(np.all(values >= 1))
    node.place.expect(good, name, found=values.tolist(), expected="axes of at least 1")
    node.take_neurons(tuple(int(n) for n in values.reshape(-1)), name)
    return values.reshape(-1)


def _input(node: Node) -> nir.NIRNode:
    return nir.Input(input_type={"input": _shape(node, "shape")}, metadata=_read_metadata(node))


def _output(node: Node) -> nir.NIRNode:
    return nir.Output(output_type={"output": _shape(node, "shape")}, metadata=_read_metadata(node))


def _flatten(node: Node) -> nir.NIRNode:
    values: dict[str, Any] = {name: _value(node, name) for name in ("start_dim", "end_dim") if node.has(name)}
    shape = _shape(node, "input_type") if node.has("input_type") else None
    return _made(node, nir.Flatten, {"input_type": {"input": shape}, "metadata": _read_metadata(node), **values})


_RENAMED: dict[str, Callable[[Node], nir.NIRNode]] = {"Input": _input, "Output": _output, "Flatten": _flatten}
"""Nodes whose fields have other names in files."""


def _text(node: Node, name: str) -> str:
    values = node.texts(name)
    node.place.expect(values.size == 1, name, found=f"{values.size} texts", expected="one")
    return str(values.reshape(-1)[0])


def _read_metadata(node: Node, depth: int = 0) -> dict[str, Any]:
    """Return texts, numbers and arrays; groups within metadata are dictionaries."""
    if depth == 0 and not node.has("metadata"):
        return {}
    inside = node.group("metadata") if depth == 0 else node
    node.place.expect(depth < DEPTH_MAX, "metadata", found="more nested groups", expected=f"at most {DEPTH_MAX}")
    values: dict[str, Any] = {}
    for name in inside.names():
        if inside.is_group(name):
            values[name] = _read_metadata(inside.group(name), depth + 1)
        elif inside.is_text(name):
            texts = inside.texts(name, DESCRIPTION_MAX)
            values[name] = str(texts.reshape(-1)[0]) if texts.size == 1 else texts
        else:
            values[name] = inside.numbers(name, inside.dims(name))
    return values
