"""What a network stores: an exact account of its weights, gains, biases and state."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lava_spquant.ir import TERNARY_BITS, Block, Network
from lava_spquant.ir.arrays import Shape

__all__ = ["Memory", "MemoryRow", "Storage", "memory", "stored_bits"]

FULL_BITS = 32
"""Width of every value in the network that ours is compared with: float32 or int32."""

GAIN_BITS = 16
BIAS_BITS = 32
BITS_PER_MB = 8e6
"""Decimal: 1 MB is 10**6 bytes."""


@dataclass(frozen=True)
class Storage:
    """How many values are kept, and in how many bits altogether.

    Attributes
    ----------
    count : int
    bits : int
        Sum over all values, as built.
    """

    count: int = 0
    bits: int = 0

    def __add__(self, other: Storage) -> Storage:
        return Storage(self.count + other.count, self.bits + other.bits)

    @property
    def bits_at_32(self) -> int:
        """The same values at 32 bits each."""
        return self.count * FULL_BITS

    @property
    def mb(self) -> float:
        """Decimal megabytes as built."""
        return self.bits / BITS_PER_MB

    @property
    def mb_at_32(self) -> float:
        """Decimal megabytes at 32 bits a value."""
        return self.bits_at_32 / BITS_PER_MB


@dataclass(frozen=True)
class MemoryRow:
    """The account of one block, or of a whole network.

    Attributes
    ----------
    name : str
    neurons : int
    weight_bits : tuple of float
        Declared widths of the weights, each once, ascending; 1.58 is ternary.
    weights, gains, biases, state : Storage
        `state` counts state variables: one per neuron, two for current-based LIF.
    """

    name: str
    neurons: int
    weight_bits: tuple[float, ...]
    weights: Storage
    gains: Storage
    biases: Storage
    state: Storage

    @property
    def total(self) -> Storage:
        """Weights, gains, biases and state."""
        return self.weights + self.gains + self.biases + self.state

    @property
    def ratio(self) -> float:
        """How many times smaller than at 32 bits; 1.0 where nothing is stored."""
        return self.total.bits_at_32 / self.total.bits if self.total.bits else 1.0

    @property
    def paper_mb(self) -> float:
        """Weights plus twice the state, as built, in MB; see `memory`."""
        return (self.weights.bits + 2 * self.state.bits) / BITS_PER_MB

    @property
    def paper_mb_at_32(self) -> float:
        """Weights plus twice the state at 32 bits, in MB: the published baseline total."""
        return (self.weights.bits_at_32 + 2 * self.state.bits_at_32) / BITS_PER_MB


@dataclass(frozen=True)
class Memory:
    """The account of a network.

    Attributes
    ----------
    rows : tuple of MemoryRow
        One per block, in order.
    total : MemoryRow
        Their sum, under the network's name.
    """

    rows: tuple[MemoryRow, ...]
    total: MemoryRow


def memory(network: Network) -> Memory:
    """Account for every value that a deployed network keeps.

    Counted as built, and again at 32 bits a value:

    - weights at their declared width, a ternary weight (1.58 bits) as the 2 bits that store it;
      kernels of convolutions once, however often they are used;
    - gains, one int16 per branch and output channel;
    - biases, one int32 per channel or neuron;
    - state, what a neuron carries from one step to the next: a ternary membrane as 2 bits, an
      unquantised one and a read-out as 24, a current-based LIF as twice 24, a relay as nothing.

    Not counted: the few scalars of a block (threshold, decay, shifts, levels), activations in
    flight, and what an executor adds of its own, such as delay lines.

    `total.total` is the plain sum. `paper_mb` is another convention, kept for comparison with
    SpQuant-SNN's tables: weights plus *twice* the state, without gains and biases. At 32 bits it
    reproduces the published baselines (49.94 + 5.5 + 5.5 = 60.94 MB for ResNet-19); the published
    low-bit totals hold a remainder that neither convention explains.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Memory
    """
    rows = tuple(_row(block, shape) for block, shape in zip(network.blocks, network.shapes, strict=True))
    total = MemoryRow(
        network.name,
        sum(row.neurons for row in rows),
        tuple(sorted({bits for row in rows for bits in row.weight_bits})),
        sum((row.weights for row in rows), Storage()),
        sum((row.gains for row in rows), Storage()),
        sum((row.biases for row in rows), Storage()),
        sum((row.state for row in rows), Storage()),
    )
    return Memory(rows, total)


def stored_bits(weight_bits: float) -> int:
    """Return the whole bits that store a weight of a declared width.

    Examples
    --------
    >>> stored_bits(1), stored_bits(1.58), stored_bits(8)
    (1, 2, 8)
    """
    return 2 if weight_bits == TERNARY_BITS else int(weight_bits)


def _row(block: Block, shape: Shape) -> MemoryRow:
    neurons = math.prod(shape)
    weights = sum((_weights(b.synapse.num_weights, b.synapse.weight_bits) for b in block.branches), Storage())
    widths = {float(b.synapse.weight_bits) for b in block.branches if b.synapse.num_weights}
    gains = sum(int(b.gain.size) for b in block.branches)
    biases = int(block.bias.size)
    state = Storage(neurons * len(block.neuron.state_names), neurons * block.neuron.state_bits)
    return MemoryRow(
        block.name,
        neurons,
        tuple(sorted(widths)),
        weights,
        Storage(gains, gains * GAIN_BITS),
        Storage(biases, biases * BIAS_BITS),
        state,
    )


def _weights(count: int, declared: float) -> Storage:
    return Storage(count, count * stored_bits(declared))
