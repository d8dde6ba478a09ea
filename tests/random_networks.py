"""Random valid networks, built from a source of choices: NumPy's generator or hypothesis.

`tests.strategies` is the public face; this file knows how to keep a network valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.gate import check_gate_shape
from lava_spquant.ir.limits import CUBA_CURRENT_MAX, STATE_MAX
from lava_spquant.ir.neuron import Bounds
from tests.random_parts import BIAS_MAX, RELAY_MAX, Stream, random_gain, random_neuron, random_synapse, synapses_onto

__all__ = ["Choices", "Knobs", "build_network"]

T = TypeVar("T")

WEIGHT_BITS = (1.58, 1, 2, 3, 4, 5, 6, 7, 8)


class Choices(Protocol):
    """Where decisions come from; the first option is the simplest, towards which hypothesis shrinks."""

    def of(self, options: Sequence[T]) -> T: ...

    def integer(self, low: int, high: int) -> int: ...

    @property
    def rng(self) -> np.random.Generator:
        """Fills arrays, whose single values are not worth shrinking."""
        ...


@dataclass(frozen=True)
class Knobs:
    """What random networks may consist of.

    Parameters
    ----------
    max_blocks : int
    neurons : tuple of str
        Kinds for every block but a read-out at the end: "qlif", "cuba", "relay".
    synapses : tuple of str
        Kinds: "dense", "conv", "pool", "identity"; holds "dense" or "conv".
    inputs : tuple of str
        "spikes", "graded", "signed".
    weight_bits : tuple of float
    max_branches : int
        Branches of a block beyond the first are skip connections where depths allow.
    skips : bool
        Branches may read any earlier block or the input, not only the previous block.
    readout : bool or None
        The last block is a read-out: always, never, or sometimes.
    gains : tuple of str
        "fitted" (as an exporter chooses them), "unit" (1 and no shift), "lava" (64 and no shift),
        "extreme" (as large as the bounds proof accepts, of either sign, with any shift).
    stock_cuba : bool
        CUBA blocks are ones that Lava's own LIF can hold: gain 64, thresholds and biases multiples of 64.
    ndim : tuple of int
        Axes of the input: 1 for (C,), 3 for (C, H, W).
    gates : bool
        Spikes of earlier blocks may gate a block, as far as shapes fit.
    """

    max_blocks: int = 4
    neurons: tuple[str, ...] = ("qlif", "cuba", "relay", "clip", "threshold")
    synapses: tuple[str, ...] = ("dense", "conv", "pool", "identity")
    inputs: tuple[str, ...] = ("spikes", "graded", "signed")
    weight_bits: tuple[float, ...] = WEIGHT_BITS
    max_branches: int = 3
    skips: bool = True
    readout: bool | None = None
    gains: tuple[str, ...] = ("fitted", "unit", "lava", "extreme")
    stock_cuba: bool = True
    ndim: tuple[int, ...] = (3, 1)
    gates: bool = True

    def __post_init__(self) -> None:
        if not {"dense", "conv"} & set(self.synapses):
            raise ValueError(f"synapses {self.synapses}: expected dense or conv among them")
        if 1 in self.ndim and "dense" not in self.synapses:
            raise ValueError("an input of one axis needs dense synapses")


@dataclass
class _Draft:
    """The network as far as it has been built."""

    choices: Choices
    knobs: Knobs
    spec: ir.InputSpec
    blocks: list[ir.Block] = field(default_factory=list)
    shapes: list[ir.Shape] = field(default_factory=list)
    bounds: list[Bounds] = field(default_factory=list)

    def sources(self) -> list[int]:
        """Blocks that a branch may read, the previous one first."""
        newest = len(self.blocks) - 1
        return list(range(newest, ir.INPUT - 1, -1)) if self.knobs.skips else [newest]

    def stream(self, source: int, acc_max: int) -> Stream:
        if source == ir.INPUT:
            return Stream(self.spec.shape, self.spec.bounds, acc_max)
        return Stream(self.shapes[source], self.bounds[source], acc_max)


def build_network(choices: Choices, knobs: Knobs) -> ir.Network:
    """Draw a valid network."""
    draft = _Draft(choices, knobs, _input(choices, knobs))
    count = choices.integer(1, knobs.max_blocks)
    for index in range(count):
        last = index == count - 1
        readout = last and (knobs.readout if knobs.readout is not None else choices.of((False, True)))
        _add_block(draft, readout=bool(readout))
    return ir.Network(draft.spec, tuple(draft.blocks), name="random")


def _input(choices: Choices, knobs: Knobs) -> ir.InputSpec:
    if choices.of(knobs.ndim) == 1:
        shape: tuple[int, ...] = (choices.integer(1, 6),)
    else:
        shape = (choices.integer(1, 3), choices.integer(2, 5), choices.integer(3, 6))
    kind = choices.of(knobs.inputs)
    if kind == "spikes":
        return ir.InputSpec(shape)
    return ir.InputSpec(shape, choices.of((2, 4, 8, 12)), signed=kind == "signed")


def _add_block(draft: _Draft, *, readout: bool) -> None:
    choices, knobs = draft.choices, draft.knobs
    kind = "readout" if readout else choices.of(knobs.neurons)
    frac_bits, neuron = random_neuron(choices, kind, knobs.stock_cuba)
    pairs, shape = _synapses(draft, neuron)
    branches = tuple(_branch(draft, s, y, shape[0], neuron, frac_bits, len(pairs)) for s, y in pairs)
    bias, gates = _bias(draft, shape, neuron, frac_bits), _gates(draft, shape, neuron)
    block = ir.Block(f"block-{len(draft.blocks)}", branches, neuron, bias, frac_bits, gates)
    draft.blocks.append(block)
    draft.shapes.append(shape)
    draft.bounds.append(_bounds(neuron))


def _gates(draft: _Draft, shape: ir.Shape, neuron: ir.Neuron) -> tuple[ir.Gate, ...]:
    if not draft.knobs.gates or isinstance(neuron, ir.Cuba):
        return ()
    spiking = [i for i, block in enumerate(draft.blocks) if block.output_name() == "spikes"]
    fitting = [(ir.Gate(i),) for i in spiking if _fits(draft.shapes[i], shape)]
    return draft.choices.of([(), *fitting, *(a + b for a, b in pairwise(fitting))])


def _fits(gate: ir.Shape, shape: ir.Shape) -> bool:
    try:
        check_gate_shape(gate, shape, "gate")
    except ir.NetworkError:
        return False
    return True


def _bounds(neuron: ir.Neuron) -> Bounds:
    if isinstance(neuron, ir.Clip):
        return neuron.low, neuron.high
    return (-RELAY_MAX, RELAY_MAX) if isinstance(neuron, ir.Relay) else (0, 1)


def _synapses(draft: _Draft, neuron: ir.Neuron) -> tuple[list[tuple[int, ir.Synapse]], ir.Shape]:
    """Draw (source, synapse) of every branch of a block, and the block's shape."""
    choices, knobs = draft.choices, draft.knobs
    acc_max = (CUBA_CURRENT_MAX - BIAS_MAX) // knobs.max_branches // 64 if isinstance(neuron, ir.Cuba) else STATE_MAX
    source = choices.of(draft.sources())
    synapse = random_synapse(choices, knobs, draft.stream(source, acc_max))
    pairs = [(source, synapse)]
    shape = synapse.output_shape(draft.stream(source, acc_max).shape)
    for _ in range(choices.integer(1, knobs.max_branches) - 1):
        source = choices.of(draft.sources())
        fitting = synapses_onto(choices, knobs, draft.stream(source, acc_max), shape)
        if fitting:
            pairs.append((source, choices.of(fitting)))
    return pairs, shape


def _branch(
    draft: _Draft, source: int, synapse: ir.Synapse, channels: int, neuron: ir.Neuron, frac_bits: int, count: int
) -> ir.Branch:
    stock = draft.knobs.stock_cuba and isinstance(neuron, ir.Cuba)
    style = "lava" if stock else draft.choices.of(draft.knobs.gains)
    low, high = synapse.acc_bounds(draft.stream(source, 0).bounds)
    acc = np.broadcast_to(np.maximum(-low, high), channels)
    gain, shift = random_gain(draft.choices, style, acc, 2**frac_bits, count, neuron)
    return ir.Branch(synapse, gain, shift, source)


def _bias(draft: _Draft, shape: ir.Shape, neuron: ir.Neuron, frac_bits: int) -> ir.IntArray:
    """Per channel or per neuron; small where a relay passes it on, a multiple of 64 for Lava's LIF."""
    rng = draft.choices.rng
    style = draft.choices.of(("zero", "channel", "neuron"))
    size = shape[:1] if style != "neuron" else shape
    if style == "zero":
        return np.zeros(size, dtype=np.int32)
    if isinstance(neuron, ir.Relay):
        return rng.integers(-16, 17, size).astype(np.int32)
    bias = rng.integers(-(2**frac_bits) - 1, 2**frac_bits + 2, size).astype(np.int32)
    stock = isinstance(neuron, ir.Cuba) and draft.knobs.stock_cuba
    return bias // 64 * 64 if stock else bias
