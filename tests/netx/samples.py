"""Small networks that hold every kind of layer, and the comparison of networks field by field."""

from __future__ import annotations

import dataclasses

import numpy as np

from lava_spquant import ir

QLIF = ir.QLif(decay=2048, vth=64)

NEURONS: dict[str, list[ir.Neuron]] = {
    "qlif": [
        QLIF,
        ir.QLif(4096, 1, "soft", ir.Membrane(3, -3, 1)),
        ir.QLif(0, 2**23 - 1, "hard", ir.Membrane(22, -1, 1)),
    ],
    "cuba": [ir.Cuba(0, 4096, 0), ir.Cuba(1000, 7, 65)],
    "readout": [ir.Readout()],
    "relay": [ir.Relay()],
    "clip": [ir.Clip(-127, 127), ir.Clip(0, 2**23 - 1)],
    "threshold": [ir.Threshold(), ir.Threshold(2**23 - 1)],
}
"""By kind, so that a test can show that none is missing."""

_ASYMMETRIC = np.array([[[[1, 2, -3], [0, 5, 7]]], [[[0, -1, 1], [2, 0, 0]]]])

SYNAPSES: dict[str, list[tuple[ir.Shape, ir.Synapse]]] = {
    "dense": [
        ((3,), ir.Dense([[1, -1, 1]], 1)),
        ((2, 1, 2), ir.Dense(np.zeros((3, 4)), 1.58)),
        ((2,), ir.Dense([[5, 7], [127, 0]], 8)),
        ((2,), ir.Dense([[-32767, -1]], 16)),
    ],
    "conv": [
        ((1, 4, 7), ir.Conv(_ASYMMETRIC, 4, stride=(1, 2), padding=(2, 0), dilation=(2, 1))),
        ((2, 5, 3), ir.Conv(_ASYMMETRIC, 9, groups=2)),
    ],
    "pool": [((2, 6, 5), ir.SumPool((3, 2))), ((1, 4, 7), ir.SumPool((2, 3), (1, 2), (1, 0)))],
    "identity": [((2, 1, 3), ir.Identity()), ((4,), ir.Identity())],
}
"""By kind: source shapes and synapses."""


def single(
    source: ir.Shape, synapse: ir.Synapse, neuron: ir.Neuron = QLIF, *, bits: int = 1, gain: int = 64, shift: int = 0
) -> ir.Network:
    """A network of one block."""
    channels = synapse.output_shape(source)[0]
    branch = ir.Branch(synapse, np.full(channels, gain), shift)
    return ir.Network(ir.InputSpec(source, bits), (ir.Block("only", (branch,), neuron, np.arange(channels)),), "one")


def residual() -> ir.Network:
    """Four blocks with skips from the input, over two blocks, and from a named stream."""
    rng = np.random.default_rng(5)
    conv = ir.Conv(rng.integers(-1, 2, (2, 2, 3, 3)), 1.58, padding=1)
    blocks = (
        ir.Block("stem", (ir.Branch(conv, [40, 50]),), QLIF, [1, -2]),
        ir.Block("average", (ir.Branch(ir.SumPool(1), [1, 1], source=0),), ir.Relay(), [0, 0]),
        ir.Block(
            "joined",
            (
                ir.Branch(conv, [900, 700], 4, source=1, output="graded"),
                ir.Branch(ir.Identity(), [64, -64], source=ir.INPUT),
                ir.Branch(ir.Identity(), [32, 32], source=0, output="spikes"),
            ),
            ir.QLif(2048, 64, membrane=ir.Membrane(6, -1, 1)),
            rng.integers(-9, 9, (2, 3, 4)),
            frac_bits=9,
        ),
        ir.Block(
            "head", (ir.Branch(ir.Dense(rng.integers(-7, 8, (3, 24)), 4), [9, 9, 9], source=2),), ir.Readout(), [0] * 3
        ),
    )
    return ir.Network(ir.InputSpec((2, 3, 4), 8), blocks, "residual")


def gated() -> ir.Network:
    """Six blocks: spatial gates, channel gates of both shapes, a join with all of them, others with one."""
    rng = np.random.default_rng(6)

    def block(name: str, synapse: ir.Synapse, source: int, *gates: int, neuron: ir.Neuron = QLIF) -> ir.Block:
        branch = ir.Branch(synapse, [40] * synapse.output_shape(shapes[source])[0], source=source)
        return ir.Block(name, (branch,), neuron, [5] * branch.gain.size, gates=tuple(map(ir.Gate, gates)))

    shapes = {ir.INPUT: (2, 3, 4), 3: (2, 3, 4), 4: (2, 3, 4)}
    spatial = ir.Conv(rng.integers(0, 2, (1, 2, 2, 2)), 1.58, stride=2, padding=(1, 0))
    conv = ir.Conv(rng.integers(-1, 2, (2, 2, 3, 3)), 1.58, padding=1)
    joined = block("joined", conv, ir.INPUT, 0, 1, 2)
    skip = ir.Branch(ir.Identity(), [64, 32], source=ir.INPUT)
    blocks = (
        block("spatial", spatial, ir.INPUT),
        block("channels", ir.Dense(rng.integers(-3, 4, (2, 24)), 3), ir.INPUT),
        block("channel-maps", ir.Conv(rng.integers(-3, 4, (2, 2, 3, 4)), 3), ir.INPUT),
        ir.Block("joined", (*joined.branches, skip), QLIF, rng.integers(-9, 60, (2, 3, 4)), 6, joined.gates),
        block("average", ir.SumPool(1), 3, 0, neuron=ir.Relay()),
        block("head", ir.Dense(rng.integers(-7, 8, (2, 24)), 4), 4, 1, neuron=ir.Readout()),
    )
    return ir.Network(ir.InputSpec((2, 3, 4)), blocks, "gated")


def stock() -> ir.Network:
    """Three blocks that lava-dl's NetX holds without any change."""
    rng = np.random.default_rng(8)
    neuron = ir.Cuba(1024, 128, 640)
    conv = ir.Conv(rng.integers(-7, 8, (4, 1, 3, 2)), 4, (1, 2), (1, 0), groups=2)
    dense = ir.Dense(rng.integers(-7, 8, (3, 4 * 5 * 4)), 4)
    blocks = (
        ir.Block("first", (ir.Branch(conv, [64] * 4),), neuron, 64 * rng.integers(-2, 4, (4, 5, 4))),
        ir.Block("second", (ir.Branch(dense, [64] * 3, source=0),), ir.Cuba(2048, 0, 640), [64, 0, -128]),
        ir.Block("third", (ir.Branch(ir.Dense([[5, 3, -4]], 4), [64], source=1),), ir.Cuba(4096, 0, 128), [0]),
    )
    return ir.Network(ir.InputSpec((2, 5, 8)), blocks, "stock")


def image_as_bias() -> ir.Network:
    """A block that takes the input as bias, as lava-dl's input layer does, and a dense one."""
    neuron = ir.Cuba(4096, 128, 640)
    blocks = (
        ir.Block("image", (ir.Branch(ir.Identity(), [64, 64]),), neuron, [0, 0]),
        ir.Block("dense", (ir.Branch(ir.Dense([[2] * 6, [-4] * 6], 4), [64, 64], source=0),), neuron, [0, 64]),
    )
    return ir.Network(ir.InputSpec((2, 1, 3), 8), blocks, "image")


def fields_equal(a: object, b: object) -> bool:
    """Compare dataclasses of `ir` field by field, arrays with their dtype and shape."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if dataclasses.is_dataclass(a) and not isinstance(a, type):
        same = (fields_equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
        return type(a) is type(b) and all(same)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(fields_equal(x, y) for x, y in zip(a, b, strict=True))
    return a == b
