"""A network and images so small that every executor runs them at once."""

from __future__ import annotations

import numpy as np

from lava_spquant import ir
from lava_spquant.data import EventSplit, ImageSplit
from lava_spquant.data.packing import pack_frames

__all__ = ["CLASSES", "SHAPE", "STEPS", "tiny_network", "tiny_recordings", "tiny_split"]

SHAPE = (1, 4, 3)
CLASSES = 3
STEPS = 3


def tiny_network(bias: int = 0, output: str = "readout") -> ir.Network:
    """A convolution with ternary membranes, and a read-out or spiking classifier behind it."""
    rng = np.random.default_rng(2)
    conv = ir.Conv(rng.integers(-1, 2, (2, 1, 3, 2)), ir.TERNARY_BITS, padding=(1, 0))
    hidden = ir.Block(
        "conv",
        (ir.Branch(conv, [9, 7], shift=2),),
        ir.QLif(2048, 256, membrane=ir.Membrane(8, -1, 1)),
        bias=[bias, -20],
        frac_bits=8,
    )
    size = 2 * 4 * 2
    dense = ir.Dense(rng.integers(-7, 8, (CLASSES, size)), 4)
    last: ir.Neuron = ir.Readout() if output == "readout" else ir.QLif(2048, 64)
    classifier = ir.Block("classifier", (ir.Branch(dense, [16] * CLASSES, source=0),), last, bias=[3, 0, -3])
    return ir.Network(ir.InputSpec(SHAPE, 8), (hidden, classifier), "tiny")


def tiny_split(samples: int = 10, seed: int = 0) -> ImageSplit:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (samples, *SHAPE)).astype(np.uint8)
    return ImageSplit(images, rng.integers(0, CLASSES, samples), CLASSES, source="tiny")


def tiny_recordings(samples: int = 10, seed: int = 0) -> EventSplit:
    """Recordings that the tiny network reads: frames of counts, one channel."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (samples, STEPS, *SHAPE), dtype=np.uint8)
    shape = (STEPS, *SHAPE)
    return EventSplit(pack_frames(frames, 8), rng.integers(0, CLASSES, samples), CLASSES, shape, 8, "tiny events")
