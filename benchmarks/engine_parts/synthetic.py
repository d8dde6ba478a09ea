"""Convolutional networks of any width and depth whose blocks all spike at one rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lava_spquant import ir
from lava_spquant.engine import Engine

__all__ = ["spikes", "synthetic"]

WEIGHT_BITS, WEIGHT_MAX = 4, 7
GAIN = 64
CALIBRATION_SAMPLES = 8


def synthetic(channels: Sequence[int], size: int, density: float) -> ir.Network:
    """Return 3x3 convolutions from `channels[0]` to `channels[-1]` on size x size neurons.

    Thresholds are set block after block to the quantile of the currents at which `density` of the neurons spike, so
    that cost does not drift with depth.
    """
    rng = np.random.default_rng(0)
    spec = ir.InputSpec((channels[0], size, size))
    x = spikes(spec, density, 1, CALIBRATION_SAMPLES)
    blocks: list[ir.Block] = []
    for index, (inputs, outputs) in enumerate(pairwise(channels)):
        weight = rng.integers(-WEIGHT_MAX, WEIGHT_MAX + 1, (outputs, inputs, 3, 3))
        synapse = ir.Conv(weight, WEIGHT_BITS, padding=(1, 1))
        branch = ir.Branch(synapse, ir.constant_gain(GAIN, outputs), source=index - 1)
        bias = rng.integers(-GAIN, GAIN + 1, outputs)
        # A read-out's first value is its current.
        block = ir.Block(f"conv-{index}", (branch,), ir.Readout(), bias)
        currents = Engine(ir.Network(spec, (*blocks, block))).run(x).output
        vth = max(1, int(np.quantile(currents, 1 - density)))
        blocks.append(replace(block, neuron=ir.QLif(decay=ir.limits.DECAY_UNITY, vth=vth)))
    return ir.Network(spec, tuple(blocks), name="synthetic")


def spikes(spec: ir.InputSpec, density: float, steps: int, batch: int) -> ir.IntArray:
    """Return random spikes (T, N, *shape)."""
    shape = (steps, batch, *spec.shape)
    return (np.random.default_rng(1).random(shape, np.float32) < density).astype(np.int32)
