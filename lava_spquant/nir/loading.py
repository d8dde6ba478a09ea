"""Exact integer networks from graphs that were exported here."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import nir
import numpy as np

from lava_spquant import ir
from lava_spquant.nir.errors import NirError, expect
from lava_spquant.nir.export import from_network
from lava_spquant.nir.metadata import METADATA, network_of
from lava_spquant.nir.reading import read

__all__ = ["has_integers", "load", "to_network"]


def has_integers(graph: nir.NIRGraph) -> bool:
    """Tell whether the graph's metadata hold an integer network of ours."""
    return METADATA in graph.metadata


def to_network(graph: nir.NIRGraph, where: str = "graph") -> ir.Network:
    """Return the integer network that a graph was exported from: an equal one, not one like it.

    Parameters
    ----------
    graph : nir.NIRGraph
        As `from_network` made it, or as it was read from a file.
    where : str
        Named in errors.

    Raises
    ------
    NirError
        If the graph holds no integers of ours, they describe no valid network, or the graph is no longer the one
        that they belong to, for instance after training elsewhere.
    """
    expected = "a graph exported by lava_spquant; import others with to_model"
    expect(has_integers(graph), where, "metadata", found="no integers", expected=expected)
    network, dt = network_of(graph.metadata[METADATA], where)
    _check_same(graph, from_network(network, dt), where)
    return network


def load(path: str | os.PathLike[str]) -> ir.Network:
    """Read the integer network of a `.nir` file that `save` wrote; see `to_network`.

    Raises
    ------
    NirError
        If the file is missing, damaged, or holds no integers of ours.
    """
    return to_network(read(path), Path(path).name)


def _check_same(found: nir.NIRGraph, wanted: nir.NIRGraph, where: str) -> None:
    """Raise `NirError` unless both graphs are equal, value by value."""
    hint = "the graph of its integers; import it with to_model, which reads the graph as it is"
    same = found.nodes.keys() == wanted.nodes.keys() and sorted(found.edges) == sorted(wanted.edges)
    expect(same, where, "nodes and edges", found="others", expected=hint)
    for name, node in wanted.nodes.items():
        if type(found.nodes[name]) is not type(node) or not _same_fields(found.nodes[name], node):
            raise NirError(f"{where}: node {name!r}: found other values, expected {hint}")


def _same_fields(found: Any, wanted: Any) -> bool:
    names = {field.name for field in fields(wanted)} - {"metadata", "input_type", "output_type"}
    shapes = ("input_type",) if isinstance(wanted, (nir.Input, nir.Flatten)) else ()
    shapes = ("output_type",) if isinstance(wanted, nir.Output) else shapes
    for name in (*sorted(names), *shapes):
        have, want = getattr(found, name), getattr(wanted, name)
        if isinstance(want, dict):
            have, want = next(iter(have.values())), next(iter(want.values()))
        if not np.array_equal(np.asarray(have), np.asarray(want)):
            return False
    return True
