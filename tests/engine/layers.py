"""Networks of a given width, so that every kind of row and every number of lanes is met."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.neuron import Bounds

__all__ = ["Stack", "conv", "dense", "dense_input", "qlif"]

FRAC_BITS = 8


def qlif(reset: str = "hard", membrane: ir.Membrane | None = None) -> ir.QLif:
    return ir.QLif(2048, 2**FRAC_BITS, reset, membrane)


def conv(
    rng: np.random.Generator,
    channels: tuple[int, int],
    kernel: tuple[int, int] = (2, 3),
    *,
    bits: int = 4,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> ir.Conv:
    """Return random weights (in, out channels) of the full declared range."""
    top = 2 ** (bits - 1) - 1
    weight = rng.integers(-top, top + 1, (channels[1], channels[0] // groups, *kernel))
    return ir.Conv(weight, bits, stride, padding, dilation, groups)


def dense(rng: np.random.Generator, inputs: int, outputs: int, bits: int = 4) -> ir.Dense:
    top = 2 ** (bits - 1) - 1
    return ir.Dense(rng.integers(-top, top + 1, (outputs, inputs)), bits)


@dataclass
class Stack:
    """A network built block by block, each with gains at which its neurons neither sleep nor fire at every step."""

    rng: np.random.Generator
    spec: ir.InputSpec
    blocks: list[ir.Block] = field(default_factory=list)
    shapes: list[ir.Shape] = field(default_factory=list)
    bounds: list[Bounds] = field(default_factory=list)

    def add(self, *branches: tuple[int, ir.Synapse], neuron: ir.Neuron | None = None, per_neuron: bool = False) -> None:
        """Append a block of (source, synapse) branches; the bias is one per neuron or one per channel."""
        built, shape = [], (0,)
        for source, synapse in branches:
            bounds = self.spec.bounds if source == ir.INPUT else self.bounds[source]
            shape = synapse.output_shape(self.spec.shape if source == ir.INPUT else self.shapes[source])
            built.append(ir.Branch(synapse, *self._gain(synapse, bounds, shape[0], neuron), source))
        # CUBA's threshold is the unit here, as for the others.
        size = shape if per_neuron else shape[:1]
        bias = self.rng.integers(-40, 41, size) if not isinstance(neuron, ir.Relay) else np.zeros(size, int)
        block = ir.Block(f"b{len(self.blocks)}", tuple(built), neuron or qlif(), bias, FRAC_BITS)
        self.blocks.append(block)
        self.shapes.append(shape)
        made = self.network()
        self.bounds.append(_output_bounds(made))

    def _gain(
        self, synapse: ir.Synapse, bounds: Bounds, channels: int, neuron: ir.Neuron | None
    ) -> tuple[ir.IntArray, int]:
        if isinstance(neuron, ir.Relay):
            return np.ones(channels, np.int16), 0
        low, high = synapse.acc_bounds(bounds)
        acc = np.broadcast_to(np.maximum(-low, high), channels)
        scale = 6 * 2**FRAC_BITS / max(int(acc.max()), 1)
        fit = ir.fit_gain(
            scale * self.rng.uniform(0.25, 2, channels) * self.rng.choice([1, 1, -1], channels), acc, 2**FRAC_BITS
        )
        return fit.gain, fit.shift

    def network(self) -> ir.Network:
        return ir.Network(self.spec, tuple(self.blocks), "stack")


def _output_bounds(network: ir.Network) -> Bounds:
    """Return the range of the last block's stream, as a reader of it would be told."""
    last = len(network.blocks) - 1
    reader = ir.Block("reader", (ir.Branch(ir.Identity(), np.zeros(network.shapes[-1][0]), 0, last),), qlif(), [0])
    probe = ir.Block(reader.name, reader.branches, reader.neuron, np.zeros(network.shapes[-1][0], int))
    return ir.Network(network.input, (*network.blocks, probe)).stream_bounds()[-1][0]


def dense_input(
    rng: np.random.Generator, spec: ir.InputSpec, density: float, steps: int = 4, batch: int = 3
) -> ir.IntArray:
    """Return an input (T, N, *shape) of which so much is not zero."""
    low, high = spec.bounds
    x = rng.integers(low, high + 1, (steps, batch, *spec.shape))
    x[x == 0] = high
    return (x * (rng.random(x.shape) < density)).astype(np.int32)
