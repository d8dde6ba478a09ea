"""Two small networks with what the reports tell apart: widths, several branches, every kind of neuron."""

from __future__ import annotations

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace, run

TERNARY = ir.QLif(decay=2048, vth=64, membrane=ir.Membrane(6, -1, 1))
FIVE = ir.QLif(decay=2048, vth=64, reset="soft", membrane=ir.Membrane(5, -3, 1))


def classifier() -> ir.Network:
    """Conv, pool, conv plus skip, dense, read-out on a non-square 8-bit image."""
    rng = np.random.default_rng(7)

    def ternary(*shape: int) -> IntArray:
        return rng.integers(-1, 2, shape)

    first = ir.Conv(rng.integers(-127, 128, (4, 1, 3, 2)), 8, padding=(1, 0))
    second = ir.Conv(ternary(4, 2, 3, 3), ir.TERNARY_BITS, padding=1, groups=2)
    last = ir.Branch(ir.Dense(rng.integers(-7, 8, (3, 6)), 4), [9] * 3, 0, source=3)
    blocks = (
        ir.Block("conv-1", (ir.Branch(first, [9] * 4, 10),), TERNARY, rng.integers(-20, 20, 4)),
        ir.Block("pool", (ir.Branch(ir.SumPool((2, 1)), [1] * 4, 0, source=0),), ir.Relay(), [0] * 4, frac_bits=0),
        ir.Block(
            "conv-2",
            (ir.Branch(second, [20] * 4, 0, source=1), ir.Branch(ir.Identity(), [10] * 4, 0, source=1)),
            FIVE,
            rng.integers(-20, 20, (4, 3, 4)),
        ),
        ir.Block("dense", (ir.Branch(ir.Dense(ternary(6, 48), 1.58), [30] * 6, 0, source=2),), TERNARY, [5] * 6),
        ir.Block("readout", (last,), ir.Readout(), [1, 0, -1]),
    )
    return ir.Network(ir.InputSpec((1, 6, 5), bits=8), blocks, name="classifier")


def stock() -> ir.Network:
    """Two dense blocks of Lava's own neuron on spikes, binary and 8-bit weights."""
    neuron = ir.Cuba(current_decay=1024, voltage_decay=128, vth=640)
    first = ir.Block("in", (ir.Branch(ir.Dense([[1, -1, 1], [1, 1, 1]], 1), [64] * 2),), neuron, [0, 0])
    second = ir.Block("out", (ir.Branch(ir.Dense([[90, -8]], 8), [64], source=0),), neuron, [64])
    return ir.Network(ir.InputSpec((3,)), (first, second), name="stock")


def classified(steps: int = 4, samples: int = 6) -> tuple[ir.Network, IntArray, Trace]:
    """Return the classifier with random images and what it does with them."""
    network = classifier()
    images = np.random.default_rng(8).integers(0, 256, (samples, 1, 6, 5), dtype=np.int32)
    x = np.broadcast_to(images, (steps, *images.shape))
    return network, x, run(network, x)
