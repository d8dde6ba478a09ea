"""From trained blocks to the integer network and its files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lava_spquant import ir
from lava_spquant.slayer.block.base import BLOCK_INPUT, Block, Deployable
from lava_spquant.slayer.stream import Stream

if TYPE_CHECKING:
    import h5py

__all__ = ["Deployed", "deployed_blocks", "to_ir", "write_block"]

log = logging.getLogger(__name__)

Shape = tuple[int, ...]


def to_ir(blocks: Sequence[Deployable], spec: ir.InputSpec, name: str = "network") -> ir.Network:
    """Return the integer network of a sequence of blocks.

    Parameters
    ----------
    blocks : sequence of Deployable
        Each reads the one before it; the first reads the input.
    spec : ir.InputSpec
        Shape and range of the input.
    name : str

    Returns
    -------
    ir.Network

    Raises
    ------
    NetworkError
        If a block cannot be represented in integers, or shapes disagree.
    """
    made: list[ir.Block] = []
    shapes: dict[int, Shape] = {ir.INPUT: spec.shape}
    for deployed in deployed_blocks(blocks):
        read = [shapes[source] for source in deployed.sources]
        part = deployed.block.to_ir_block(deployed.name, read, deployed.sources)
        part = replace(part, gates=tuple(ir.Gate(source) for source in deployed.gates))
        shapes[len(made)] = part.check_shape(read, [shapes[source] for source in deployed.gates])
        made.append(part)
    network = ir.Network(spec, tuple(made), name)
    _warn_of_coarse_gains(network)
    return network


def _warn_of_coarse_gains(network: ir.Network) -> None:
    for block, streams in zip(network.blocks, network.stream_bounds(), strict=True):
        if not isinstance(block.neuron, ir.QLif):
            continue
        for index, (branch, stream) in enumerate(zip(block.branches, streams, strict=True)):
            low, high = branch.synapse.acc_bounds(stream)
            coarse = ir.coarse_channels(branch.gain, branch.shift, np.maximum(-low, high), block.neuron.vth)
            if coarse:
                where = f"block {block.name!r}, branch {index}"
                log.warning("%s: gains of channels %s keep fewer than 8 significant bits", where, list(coarse))


class Deployed(NamedTuple):
    """One block of the integer network.

    Attributes
    ----------
    block : Block
        The trained one.
    name : str
    sources, gates : tuple of int
        Indices in the integer network: what each branch reads, and what gates the block.
    """

    block: Block
    name: str
    sources: tuple[int, ...]
    gates: tuple[int, ...]


def deployed_blocks(blocks: Sequence[Deployable]) -> list[Deployed]:
    """Return the deployed blocks in order."""
    result: list[Deployed] = []
    source = ir.INPUT
    for position, block in enumerate(blocks):
        first = len(result)
        for planned in block.plan():
            absolute = tuple(source if s == BLOCK_INPUT else first + s for s in planned.sources)
            gates = tuple(first + part for part in planned.gates)
            result.append(Deployed(planned.block, f"{block.kind}{position}{planned.suffix}", absolute, gates))
        if len(result) > first:
            source = len(result) - 1
    return result


def write_block(handle: h5py.Group, block: Deployable, reads: Stream) -> None:
    """Write one trained block as one NetX layer.

    Parameters
    ----------
    handle : h5py.Group
    block : Deployable
    reads : Stream
        What the block reads; the layer's overflow proof is made for it.

    Raises
    ------
    RuntimeError
        If the block has not seen an input yet.
    NetworkError
        If the block cannot be represented in integers.
    """
    # The one place where training knows the file format: SLAYER's blocks write themselves, so ours must.
    from lava_spquant import netx

    netx.write_layer(handle, to_ir([block], ir.InputSpec(block.seen_shape(), reads.bits, reads.signed), "layer"))
