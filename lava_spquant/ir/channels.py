"""Which channels hang together, and a network without some of them: pruning for good, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.block import INPUT, Block, Branch
from lava_spquant.ir.errors import NetworkError
from lava_spquant.ir.gate import is_channel_gate
from lava_spquant.ir.network import Network
from lava_spquant.ir.synapse import Conv, Dense, Identity, SumPool, Synapse

__all__ = ["Keep", "Width", "remove_channels", "widths"]

Keep = NDArray[np.bool_]
"""Which channels stay, bool (C,)."""


@dataclass(frozen=True)
class Width:
    """Blocks whose channels are one another's, so that one number of channels is theirs all.

    A sum-pool, a skip connection without weights and a depthwise convolution hand channel c on as channel c, and a
    channel gate has one spike for each.

    Attributes
    ----------
    blocks : tuple of int
        Indices in the network, rising.
    channels : int
    fixed : bool
        None can go: they are the input's or the output's, or a grouped convolution counts on their number.
    least : int
        How many at least have to stay for the same blocks to hang together: 2 where a depthwise convolution of one
        channel would be any convolution, or a gate of one cell one of one channel.
    """

    blocks: tuple[int, ...]
    channels: int
    fixed: bool
    least: int = field(default=1, repr=False)


def widths(network: Network) -> tuple[Width, ...]:
    """Return all widths, in the order of their first blocks.

    Examples
    --------
    >>> from lava_spquant.ir import Dense, Identity, InputSpec, QLif
    >>> first = Block("first", (Branch(Dense([[1, -1], [1, 1]], 1), [9, 9]),), QLif(0, 64), [0, 0])
    >>> again = Block("again", (Branch(Identity(), [9, 9], source=0),), QLif(0, 64), [0, 0])
    >>> last = Block("last", (Branch(Dense([[1, 1]], 1), [9], source=1),), QLif(0, 64), [0])
    >>> widths(Network(InputSpec((2,)), (first, again, last)))
    (Width(blocks=(0, 1), channels=2, fixed=False), Width(blocks=(2,), channels=1, fixed=True))
    """
    leader = {index: index for index in range(INPUT, len(network.blocks))}

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    pairs, fixed, several = _ties(network)
    for pair in pairs:
        low, high = sorted(map(find, pair))
        leader[high] = low
    found: dict[int, list[int]] = {}
    for index in range(len(network.blocks)):
        found.setdefault(find(index), []).append(index)
    stay, more = ({find(index) for index in some} for some in (fixed, several))
    return tuple(
        Width(tuple(blocks), network.shapes[blocks[0]][0], root in stay, 2 if root in more else 1)
        for root, blocks in sorted(found.items(), key=lambda item: item[1][0])
    )


def _ties(network: Network) -> tuple[list[tuple[int, int]], set[int], set[int]]:
    """Return the blocks that have each other's channels, in pairs, those whose number is fixed, and the `several`.

    These are tied as they are only while they have more than one channel.
    """
    pairs, fixed, several = [], {INPUT, len(network.blocks) - 1}, set()
    for index, block in enumerate(network.blocks):
        for branch in block.branches:
            if _hands_on(branch.synapse):
                pairs.append((index, branch.source))
                if isinstance(branch.synapse, Conv):
                    several.add(index)
            elif isinstance(branch.synapse, Conv) and branch.synapse.groups > 1:
                fixed |= {index, branch.source}
        for gate in block.gates:
            if is_channel_gate(network.shapes[gate.source], network.shapes[index]):
                pairs.append((index, gate.source))
            else:
                fixed.add(gate.source)
                if network.shapes[gate.source] == (1, 1, 1):
                    several.add(index)
    return pairs, fixed, several


def _hands_on(synapse: Synapse) -> bool:
    """Say whether channel c of the source is all that channel c reads."""
    if isinstance(synapse, Conv):
        return synapse.groups > 1 and synapse.weight.shape[1] == 1 and synapse.groups == len(synapse.weight)
    return isinstance(synapse, (Identity, SumPool))


def remove_channels(network: Network, keep: Sequence[Keep]) -> Network:
    """Return the network without the channels that `keep` leaves out.

    They go from their own blocks (weights, gains, biases, and with them states) and from the weights of everything
    that reads them. What stays is unchanged: a network whose removed channels only ever sent zeros computes the same.

    Parameters
    ----------
    network : Network
    keep : sequence of numpy.ndarray, bool (C,)
        One for each of `widths(network)`, in its order.

    Raises
    ------
    NetworkError
        If the number or a shape of `keep` does not fit, a fixed width would change, or a width would lose all.
    """
    found = widths(network)
    if len(keep) != len(found):
        raise NetworkError(f"{network.name}: channels to keep: found {len(keep)}, expected {len(found)}, one per width")
    kept: dict[int, Keep] = {INPUT: np.ones(network.input.shape[0], bool)}
    for width, given in zip(found, keep, strict=True):
        mask = np.asarray(given, bool)
        _check(mask, width, network)
        kept |= dict.fromkeys(width.blocks, mask)
    shapes = {INPUT: network.input.shape, **dict(enumerate(network.shapes))}
    blocks = tuple(_narrowed(block, kept[index], kept, shapes) for index, block in enumerate(network.blocks))
    return replace(network, blocks=blocks)


def _check(mask: Keep, width: Width, network: Network) -> None:
    where = f"block {network.blocks[width.blocks[0]].name!r}: channels to keep"
    if mask.shape != (width.channels,):
        raise NetworkError(f"{where}: found shape {mask.shape}, expected ({width.channels},)")
    if width.fixed and not mask.all():
        raise NetworkError(f"{where}: found {int(mask.sum())}, expected all {width.channels}: their number is fixed")
    if not mask.any():
        raise NetworkError(f"{where}: found none, expected at least 1 of {width.channels}")


def _narrowed(block: Block, mask: Keep, kept: dict[int, Keep], shapes: dict[int, Shape]) -> Block:
    branches = tuple(
        replace(
            branch,
            synapse=_narrowed_synapse(branch, mask, kept[branch.source], shapes[branch.source]),
            gain=branch.gain[mask],
        )
        for branch in block.branches
    )
    return replace(block, branches=branches, bias=block.bias[mask])


def _narrowed_synapse(branch: Branch, mask: Keep, source: Keep, shape: Shape) -> Synapse:
    synapse = branch.synapse
    if isinstance(synapse, Dense):
        columns = np.repeat(source, int(np.prod(shape[1:], dtype=np.int64)))
        return replace(synapse, weight=_cut(synapse.weight, mask, columns))
    if isinstance(synapse, (Identity, SumPool)):
        return synapse
    if not isinstance(synapse, Conv):
        raise TypeError(
            f"remove_channels: synapse: found {type(synapse).__name__}, expected Dense, Conv, SumPool or Identity"
        )
    if _hands_on(synapse):
        return replace(synapse, weight=synapse.weight[mask], groups=int(mask.sum()))
    if synapse.groups > 1:
        return synapse
    return replace(synapse, weight=_cut(synapse.weight, mask, source))


def _cut(weight: IntArray, rows: Keep, columns: Keep) -> IntArray:
    cut: IntArray = weight[rows][:, columns]
    return cut
