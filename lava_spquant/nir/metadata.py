"""The integers of a network beside its NIR graph: written, read back, and checked against the graph."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from lava_spquant import ir
from lava_spquant.netx.limits import NEURONS_MAX
from lava_spquant.nir.errors import NirError, expect

__all__ = ["FORMAT_VERSION", "METADATA", "describe", "network_of"]

METADATA = "lava_spquant"
"""Key of our metadata in a graph."""

FORMAT_VERSION = 1

DESCRIPTION = "description"
"""JSON of all that is no array; arrays stand beside it, under their place in the network."""


def describe(network: ir.Network, dt: float) -> dict[str, Any]:
    """Return what a graph's metadata holds: a JSON text, and integer arrays.

    Parameters
    ----------
    network : ir.Network
    dt : float
        Seconds per step of the graph.
    """
    arrays: dict[str, Any] = {}
    plain = {
        "format_version": FORMAT_VERSION,
        "dt": dt,
        "name": network.name,
        "input": _plain(network.input, "input", arrays),
        "blocks": [_block(block, f"block{i}", arrays) for i, block in enumerate(network.blocks)],
    }
    return {DESCRIPTION: json.dumps(plain, allow_nan=False), **arrays}


def network_of(values: object, where: str) -> tuple[ir.Network, float]:
    """Return the network and the time step that metadata describe.

    Parameters
    ----------
    values : object
        What a graph holds under `METADATA`; untrusted.
    where : str
        Named in errors.

    Raises
    ------
    NirError
        If they are not what `describe` writes, or describe no valid network.
    """
    expect(isinstance(values, dict), where, "metadata", found=type(values).__name__, expected="a group")
    assert isinstance(values, dict)
    try:
        plain = json.loads(values[DESCRIPTION])
        version = plain["format_version"]
        expect(version == FORMAT_VERSION, where, "format_version", found=version, expected=FORMAT_VERSION)
        spec = _made(ir.InputSpec, plain["input"], "input", values)
        blocks = tuple(_read_block(block, f"block{i}", values) for i, block in enumerate(plain["blocks"]))
        network = ir.Network(spec, blocks, _text(plain["name"]))
        dt = float(plain["dt"])
    except NirError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError, RecursionError) as error:
        text = f"{type(error).__name__}: {error}"
        raise NirError(f"{where}: metadata: found no network ({text}), expected what lava_spquant wrote") from error
    count = network.num_neurons + math.prod(network.input.shape)
    expect(count <= NEURONS_MAX, where, "neurons", found=count, expected=f"at most {NEURONS_MAX}")
    return network, dt


def _block(block: ir.Block, place: str, arrays: dict[str, Any]) -> dict[str, Any]:
    arrays[f"{place}.bias"] = np.array(block.bias)
    return {
        "name": block.name,
        "frac_bits": int(block.frac_bits),
        "neuron": {"kind": block.neuron.kind, **_plain(block.neuron, place, arrays)},
        "branches": [_branch(branch, f"{place}.branch{i}", arrays) for i, branch in enumerate(block.branches)],
    }


def _branch(branch: ir.Branch, place: str, arrays: dict[str, Any]) -> dict[str, Any]:
    arrays[f"{place}.gain"] = np.array(branch.gain)
    return {
        "source": int(branch.source),
        "output": branch.output,
        "shift": int(branch.shift),
        "synapse": {"kind": branch.synapse.kind, **_plain(branch.synapse, place, arrays)},
    }


def _plain(part: Any, place: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """Return a dataclass's fields as JSON values; arrays go into `arrays` and leave None behind."""
    values: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{place}.{field.name}"] = np.array(value)
        elif is_dataclass(value):
            values[field.name] = _plain(value, place, arrays)
        elif isinstance(value, tuple):
            values[field.name] = [int(n) for n in value]
        else:
            values[field.name] = value.item() if isinstance(value, np.generic) else value
    return values


def _read_block(plain: dict[str, Any], place: str, arrays: dict[str, Any]) -> ir.Block:
    neuron = dict(plain["neuron"])
    cls = ir.NEURONS[neuron.pop("kind")]
    if neuron.get("membrane") is not None:
        neuron["membrane"] = _made(ir.Membrane, neuron["membrane"], place, arrays)
    branches = tuple(_read_branch(b, f"{place}.branch{i}", arrays) for i, b in enumerate(plain["branches"]))
    return ir.Block(
        _text(plain["name"]),
        branches,
        _made(cls, neuron, place, arrays),
        arrays[f"{place}.bias"],
        _whole(plain["frac_bits"]),
    )


def _read_branch(plain: dict[str, Any], place: str, arrays: dict[str, Any]) -> ir.Branch:
    synapse = dict(plain["synapse"])
    cls = ir.SYNAPSES[synapse.pop("kind")]
    output = None if plain["output"] is None else _text(plain["output"])
    made = _made(cls, synapse, place, arrays)
    return ir.Branch(made, arrays[f"{place}.gain"], _whole(plain["shift"]), _whole(plain["source"]), output)


def _made(cls: type[Any], plain: dict[str, Any], place: str, arrays: dict[str, Any]) -> Any:
    """Return `cls` with its fields from `plain`, and from `arrays` those that are not there."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    for field in fields(cls):
        if field.name not in values:
            values[field.name] = arrays[f"{place}.{field.name}"]
    for name, value in values.items():
        # JSON's true is Python's 1, which would pass for a whole number.
        if isinstance(value, bool) != (name == "signed"):
            raise TypeError(f"{place}: {name}: {value!r}")
    return cls(**values)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
