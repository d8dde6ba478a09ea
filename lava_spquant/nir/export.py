"""An integer network as a NIR graph: the same function in float for any reader, the integers in the metadata."""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path

import nir
import numpy as np

from lava_spquant import ir
from lava_spquant.ir.arrays import Shape
from lava_spquant.nir.dynamics import Clock, Reals
from lava_spquant.nir.errors import NirError, expect
from lava_spquant.nir.metadata import METADATA, describe
from lava_spquant.nir.neurons import NEURON_NODES
from lava_spquant.nir.synapses import SYNAPSE_NODES, holds_bias

__all__ = ["from_network", "save"]

log = logging.getLogger(__name__)

DT = 1e-3
"""Seconds per step that exported time constants are given in, unless one is chosen."""


def from_network(network: ir.Network, dt: float = DT) -> nir.NIRGraph:
    """Return `network` as a NIR graph.

    A reader that steps the graph's equations by Euler's rule with `dt` computes what the integers compute, but for
    rounding, and but for what NIR has no word for: the quantised membrane, the soft reset and the saturation at 24
    bits. Potentials are in units of 1 for `2**frac_bits`, so that trained networks have thresholds of 1. Inputs
    are the same whole numbers. A read-out is an integrator `I`; a relay is no node, its synapses feed what reads it.

    The graph's metadata holds every integer, so that `to_network` returns an equal network.

    Parameters
    ----------
    network : ir.Network
    dt : float
        Seconds per step.

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    NirError
        If NIR cannot express a block: gates, a current or a potential without a leak in a CUBA neuron, or a bias per
        neuron, or without weights, into neurons that do not leak.
    """
    clock = Clock(dt)
    made = _Graph(network, clock.dt)
    for index, block in enumerate(network.blocks):
        made.add(index, block)
    _say_what_is_lost(network)
    return made.finish()


def save(network: ir.Network, path: str | os.PathLike[str], dt: float = DT) -> None:
    """Write `network` to a `.nir` file, replacing `path` only once everything is written; see `from_network`.

    Raises
    ------
    NirError
        If NIR cannot express the network, or the file cannot be written.
    """
    target = Path(path)
    graph = from_network(network, dt)
    expect(target.parent.is_dir(), target.name, "folder", found=f"no {target.parent}", expected="a folder")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        nir.write(temporary, graph)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        raise NirError(f"{target.name}: found {error}, expected a folder that can be written") from error
    finally:
        temporary.unlink(missing_ok=True)


def _say_what_is_lost(network: ir.Network) -> None:
    kinds = {
        "quantised membranes": any(getattr(b.neuron, "membrane", None) is not None for b in network.blocks),
        "soft resets": any(getattr(b.neuron, "reset", "hard") == "soft" for b in network.blocks),
    }
    lost = [what for what, found in kinds.items() if found]
    if lost:
        log.info("%s: %s are in the metadata only: NIR has no word for them", network.name, " and ".join(lost))


class _Graph:
    """Nodes and edges so far, and which nodes make the stream of each block."""

    def __init__(self, network: ir.Network, dt: float) -> None:
        self.network, self.dt = network, dt
        self.nodes: dict[str, nir.NIRNode] = {"input": nir.Input(input_type={"input": np.array(network.input.shape)})}
        self.edges: list[tuple[str, str]] = []
        self.streams: list[list[str]] = []

    def add(self, index: int, block: ir.Block) -> None:
        where = f"block {block.name!r}"
        expect(not block.gates, where, "gates", found=len(block.gates), expected="none: NIR has no word for them")
        shape = self.network.shapes[index]
        stem = f"{index}_{re.sub(r'[^A-Za-z0-9_.-]', '_', block.name)[:64]}"
        unit = 1.0 if isinstance(block.neuron, ir.Relay) else 2.0**-block.frac_bits
        held, offset = _place_bias(block, shape, unit)
        holder = _bias_branch(block, shape)
        ends = []
        for number, branch in enumerate(block.branches):
            scale = branch.gain * 2.0**-branch.shift * unit / self._stream_unit(branch)
            bias = held if number == holder else np.zeros_like(scale)
            parts = SYNAPSE_NODES[branch.synapse.kind](branch.synapse, self._shape(branch), scale, bias)
            ends.append(self._row(f"{stem}.{number}", parts, self._sources(branch)))
        node = NEURON_NODES[block.neuron.kind](block.neuron, offset, self.dt, unit, where)
        if node is None:
            self.streams.append(ends)
            return
        self.nodes[stem] = node
        self.edges += [(end, stem) for end in ends]
        self.streams.append([stem])

    def finish(self) -> nir.NIRGraph:
        self.nodes["output"] = nir.Output(output_type={"output": np.array(self.network.output_shape)})
        self.edges += [(end, "output") for end in self.streams[-1]]
        return nir.NIRGraph(
            nodes=self.nodes, edges=self.edges, metadata={METADATA: describe(self.network, self.dt)}, type_check=False
        )

    def _row(self, stem: str, parts: list[tuple[str, nir.NIRNode]], sources: list[str]) -> str:
        """Add nodes in a row behind `sources` and return the name of the last."""
        for name, node in parts:
            full = f"{stem}.{name}"
            self.nodes[full] = node
            self.edges += [(source, full) for source in sources]
            sources = [full]
        return sources[0]

    def _sources(self, branch: ir.Branch) -> list[str]:
        return ["input"] if branch.source == ir.INPUT else self.streams[branch.source]

    def _shape(self, branch: ir.Branch) -> Shape:
        return self.network.input.shape if branch.source == ir.INPUT else self.network.shapes[branch.source]

    def _stream_unit(self, branch: ir.Branch) -> float:
        """Return the real value of a unit of what a branch reads: read-outs send potentials, others whole numbers."""
        source = None if branch.source == ir.INPUT else self.network.blocks[branch.source]
        return 2.0**-source.frac_bits if source is not None and isinstance(source.neuron, ir.Readout) else 1.0


def _bias_branch(block: ir.Block, shape: Shape) -> int | None:
    """Return the branch whose node holds the block's bias; None where it goes into the neurons' leak.

    That is where a CUBA neuron's bias belongs, which does not pass its current.
    """
    neuron = block.neuron
    leaks = isinstance(neuron, ir.Cuba) or (isinstance(neuron, ir.QLif) and neuron.decay > 0)
    weighted = [i for i, branch in enumerate(block.branches) if branch.synapse.kind in (ir.Dense.kind, ir.Conv.kind)]
    if isinstance(neuron, ir.Cuba) or block.bias.shape != (shape[0],):
        return None
    if weighted:
        return weighted[0]
    return 0 if not leaks and holds_bias(block.branches[0].synapse, shape) else None


def _place_bias(block: ir.Block, shape: Shape, unit: float) -> tuple[Reals, Reals]:
    """Split the bias into one per channel beside weights, and one per neuron into the leak."""
    bias = block.bias * unit
    none = np.zeros(shape[0])
    if _bias_branch(block, shape) is not None:
        return bias, np.zeros(shape)
    whole = bias if bias.shape == shape else np.broadcast_to(bias.reshape((-1,) + (1,) * (len(shape) - 1)), shape)
    return none, np.array(whole)
