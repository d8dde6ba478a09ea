"""What gates are worth: a network without them, and the same network with masks of other channels and cells."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray

__all__ = ["gate_blocks", "shuffled_beside", "shuffled_gates", "without_gates"]

SHUFFLED = ".shuffled"
"""Ends the names of blocks that shuffling adds."""


def gate_blocks(network: ir.Network) -> tuple[int, ...]:
    """Return the indices of blocks that exist only for gates: predictors, and what only predictors read.

    Examples
    --------
    >>> predictor = ir.Block("gate", (ir.Branch(ir.Dense([[1], [-1]], 1), [1, 1]),), ir.Threshold(), [0, 0])
    >>> gated = ir.Block("two", (ir.Branch(ir.Dense([[1], [1]], 1), [1, 1]),), ir.Relay(), [0, 0], 0, (ir.Gate(0),))
    >>> gate_blocks(ir.Network(ir.InputSpec((1,)), (predictor, gated)))
    (0,)
    """
    every = range(len(network.blocks))
    # A block that nobody reads exists for no gate either.
    needed = {every[-1], *set(every) - _read(network.blocks)}
    for index in reversed(every):
        if index in needed:
            needed |= {branch.source for branch in network.blocks[index].branches}
    return tuple(index for index in every if index not in needed)


def without_gates(network: ir.Network) -> ir.Network:
    """Return the network with every gate open, and without the blocks that existed only for gates."""
    return _compacted(network, [replace(block, gates=()) for block in network.blocks], gate_blocks(network))


def shuffled_gates(network: ir.Network, seed: int) -> ir.Network:
    """Return the network with the masks of every gated block permuted: among its channels, and among its cells.

    Channel predictors have their rows permuted (weights, gains and biases), which costs nothing; one whose spikes
    others take too is copied for it. Behind spatial gates, whose cells are told apart by no weight, and behind sources
    without rows (pools, grouped convolutions, gated ones) one-hot synapses permute. Cells that a border cuts short
    change places with cells of the same size only. For the same spikes in front of it, every predictor thus opens as
    many neurons as before. Behind the first gated block spikes are others, and with them how many neurons later
    predictors open: see `shuffled_beside`.

    Parameters
    ----------
    network : ir.Network
    seed : int
        Every block has a permutation of its own.

    Raises
    ------
    NetworkError
        If a block has spatial gates of different cells: no permutation keeps what is open to both.
    """
    places: dict[int, int] = {ir.INPUT: ir.INPUT}
    made = _Shuffle(network, seed, [], places)
    for index, block in enumerate(network.blocks):
        gates = made.gates(index)
        places[index] = made.add(replace(_moved(block, places), gates=gates))
    read = _read(made.blocks)
    return _compacted(network, made.blocks, {places[i] for i in gate_blocks(network)} - read)


def shuffled_beside(network: ir.Network, seed: int) -> tuple[ir.Network, tuple[int, ...]]:
    """Return a network that runs twice, side by side: as it is, and with the masks of that first run permuted.

    Predictors see what they always see, so that exactly as many neurons of each block are open for every sample at
    every step, and only which ones is left to chance: random masks of the same ratio. The output is that of the second
    run. For what it costs, count the blocks of the second run only.

    Parameters
    ----------
    network, seed
        As for `shuffled_gates`.

    Returns
    -------
    network : ir.Network
    places : tuple of int
        Per block of the old network, the index of what does its work in the second run. That of a predictor, or of a
        block before all gates, is the old index.

    Raises
    ------
    NetworkError
        As for `shuffled_gates`.
    """
    first = {index: index for index in range(ir.INPUT, len(network.blocks))}
    places: dict[int, int] = dict(first)
    made = _Shuffle(network, seed, list(network.blocks), first)
    shared = set(gate_blocks(network))
    for index, block in enumerate(network.blocks[:-1]):
        if index in shared or not (block.gates or any(places[b.source] != b.source for b in block.branches)):
            continue
        places[index] = made.second(index, places)
    places[len(network.blocks) - 1] = made.second(len(network.blocks) - 1, places)
    shuffled = replace(network, blocks=tuple(made.blocks), name=f"{network.name}{SHUFFLED}")
    return shuffled, tuple(places[index] for index in range(len(network.blocks)))


def _read(blocks: Sequence[ir.Block]) -> set[int]:
    branches = {branch.source for block in blocks for branch in block.branches}
    return branches | {gate.source for block in blocks for gate in block.gates}


def _moved(block: ir.Block, places: Mapping[int, int]) -> ir.Block:
    branches = tuple(replace(branch, source=places[branch.source]) for branch in block.branches)
    return replace(block, branches=branches)


def _compacted(network: ir.Network, blocks: Sequence[ir.Block], gone: Collection[int]) -> ir.Network:
    """Return a network of `blocks` without those that nobody reads any more."""
    places: dict[int, int] = {ir.INPUT: ir.INPUT}
    kept: list[ir.Block] = []
    for index, block in enumerate(blocks):
        if index not in gone:
            places[index] = len(kept)
            gates = tuple(ir.Gate(places[gate.source]) for gate in block.gates)
            kept.append(replace(_moved(block, places), gates=gates))
    return replace(network, blocks=tuple(kept))


class _Shuffle:
    """A network in the making, whose gates are permuted copies of `masks`: where the old blocks' spikes are found."""

    def __init__(self, network: ir.Network, seed: int, blocks: list[ir.Block], masks: Mapping[int, int]) -> None:
        self.network, self.blocks, self.masks = network, blocks, masks
        self.rng = np.random.default_rng(seed)

    def add(self, block: ir.Block) -> int:
        self.blocks.append(block)
        return len(self.blocks) - 1

    def second(self, index: int, places: Mapping[int, int]) -> int:
        """Add block `index` once more, and return where."""
        block = _moved(self.network.blocks[index], places)
        return self.add(replace(block, name=block.name + SHUFFLED, gates=self.gates(index)))

    def gates(self, index: int) -> tuple[ir.Gate, ...]:
        """Add permuted gates of block `index`: one permutation for all of them, so that as much is open to all."""
        network, block, shape = self.network, self.network.blocks[index], self.network.shapes[index]
        of_channels = self.rng.permutation(shape[0])
        grids = {network.shapes[gate.source] for gate in block.gates}
        grids = {grid for grid in grids if not ir.is_channel_gate(grid, shape) and math.prod(grid) > 1}
        if len(grids) > 1:
            raise ir.NetworkError(
                f"block {block.name!r}: spatial gates: found {sorted(grids)}, expected one kind of cell"
            )
        of_cells = {grid: _cell_order(grid, shape, self.rng) for grid in grids}
        gates = []
        for number, gate in enumerate(block.gates):
            name, grid = f"{block.name}.gate-{number}{SHUFFLED}", network.shapes[gate.source]
            if grid in of_cells:
                gates.append(self._cells(name, gate.source, of_cells[grid]))
            elif ir.is_channel_gate(grid, shape):
                gates.append(self._channels(name, gate.source, of_channels))
            else:
                gates.append(self.masks[gate.source])
        return tuple(map(ir.Gate, gates))

    def _channels(self, name: str, source: int, order: IntArray) -> int:
        block = self.network.blocks[source]
        if not block.gates and all(_has_rows(branch.synapse) for branch in block.branches):
            branches = tuple(_permuted(branch, order, self.masks[branch.source]) for branch in block.branches)
            return self.add(replace(block, name=name, branches=branches, bias=block.bias[order]))
        one_hot = np.eye(len(order), dtype=np.int16)[order]
        flat = len(self.network.shapes[source]) == 1
        synapse = ir.Dense(one_hot, ir.TERNARY_BITS) if flat else ir.Conv(one_hot[..., None, None], ir.TERNARY_BITS)
        return self._relay(name, synapse, self.masks[source])

    def _cells(self, name: str, source: int, order: IntArray) -> int:
        """Take cells apart into channels, in another order, and lay those out as cells."""
        _, height, width = self.network.shapes[source]
        cells = height * width
        apart = np.eye(cells, dtype=np.int16)[order].reshape(cells, 1, height, width)
        # One value under a padding of all but one: every place sees it through another weight, in reverse order.
        laid = np.eye(cells, dtype=np.int16).reshape(1, cells, height, width)[..., ::-1, ::-1]
        channels = self._relay(f"{name}.channels", ir.Conv(apart, ir.TERNARY_BITS), self.masks[source])
        return self._relay(name, ir.Conv(laid, ir.TERNARY_BITS, padding=(height - 1, width - 1)), channels)

    def _relay(self, name: str, synapse: ir.Conv | ir.Dense, source: int) -> int:
        """Add a block that passes spikes on through one-hot weights."""
        size = len(synapse.weight)
        branch = ir.Branch(synapse, ir.constant_gain(1, size), 0, source)
        return self.add(ir.Block(name, (branch,), ir.Threshold(), np.zeros(size, dtype=np.int32), 0))


def _has_rows(synapse: ir.Synapse) -> bool:
    """Say whether every output channel has weights of its own for all inputs."""
    return isinstance(synapse, ir.Dense) or (isinstance(synapse, ir.Conv) and synapse.groups == 1)


def _permuted(branch: ir.Branch, order: IntArray, source: int) -> ir.Branch:
    synapse = branch.synapse
    assert isinstance(synapse, (ir.Dense, ir.Conv))
    rows = replace(synapse, weight=synapse.weight[order])
    return replace(branch, synapse=rows, gain=branch.gain[order], source=source)


def _cell_order(grid: ir.Shape, shape: ir.Shape, rng: np.random.Generator) -> IntArray:
    """Return a random order of cells in which each has as many places as the one that it stands for."""
    sides = []
    for cells, size in zip(grid[1:], shape[1:], strict=True):
        side = -(-size // cells)
        sides.append(np.minimum(side, size - side * np.arange(cells)))
    places = np.multiply.outer(*sides).ravel()
    order = np.arange(places.size)
    for count in np.unique(places):
        (same,) = np.nonzero(places == count)
        order[same] = rng.permutation(same)
    return order
