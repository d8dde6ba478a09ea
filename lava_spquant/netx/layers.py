"""The network that grows while a file is read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from lava_spquant import ir
from lava_spquant.netx.errors import NetXError, Place
from lava_spquant.netx.limits import TEXT_MAX
from lava_spquant.netx.node import Node

__all__ = ["Layers", "Stream", "building"]


@dataclass(frozen=True)
class Stream:
    """What a file layer offers to later layers: a block's output, or the network's input.

    Parameters
    ----------
    source : int
        Block index, or `INPUT`.
    shape : tuple of int
        Shape of that block.
    flattened : bool
        A flatten layer stands in between; `ir` flattens where a dense branch reads.
    """

    source: int
    shape: ir.Shape
    flattened: bool = False

    @property
    def size(self) -> int:
        """Values per step."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass
class Layers:
    """Blocks read so far.

    Parameters
    ----------
    input : InputSpec
    version : int or None
        Of the file's format, where it names one.
    blocks : list of Block
    """

    input: ir.InputSpec
    version: int | None = None
    blocks: list[ir.Block] = field(default_factory=list)

    def add(self, block: ir.Block, shape: ir.Shape, place: Place) -> Stream:
        """Append a block whose branches give `shape`, and return its stream.

        Raises
        ------
        NetXError
            If a branch names a stream that its source does not offer.
        """
        for branch in block.branches:
            if branch.output is not None:
                good = branch.source != ir.INPUT and branch.output in self.blocks[branch.source].neuron.outputs
                place.expect(good, "output", found=repr(branch.output), expected="a stream of the source")
        self.blocks.append(block)
        return Stream(len(self.blocks) - 1, shape)

    def name_for(self, layer: Node, kind: str) -> str:
        """Return the layer's stored name or one made of its type and number: unique in the network, fit to be saved."""
        stored = layer.attribute("name", limit=TEXT_MAX)
        base = stored if isinstance(stored, str) and stored and stored.isprintable() else kind
        number = layer.place.path.replace("layer/", "").replace("/", ".")
        taken = {block.name for block in self.blocks}
        if base == stored and base not in taken:
            return base
        tails = itertools.chain([f"-{number}"], (f"-{number}-{n}" for n in itertools.count(len(self.blocks))))
        return next(name for name in (_with_tail(base, tail) for tail in tails) if name not in taken)


def _with_tail(base: str, tail: str) -> str:
    """Return `base` with `tail` behind it, shortened to what a file holds of a name."""
    return base.encode()[: TEXT_MAX - len(tail)].decode(errors="ignore") + tail


@contextmanager
def building(place: Place) -> Iterator[None]:
    """Turn the error of an impossible network into one that names the place in the file."""
    try:
        yield
    except ir.NetworkError as error:
        raise NetXError(f"{place.file}: {place.path}: {error}" if place.path else f"{place.file}: {error}") from error
