"""Random synapses, gains and neurons, each kept within what the bounds proof accepts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.limits import GAIN_MAX, PRODUCT_MAX, SHIFT_MAX, STATE_BITS
from lava_spquant.ir.neuron import Bounds

if TYPE_CHECKING:
    from tests.random_networks import Choices, Knobs

__all__ = ["BIAS_MAX", "RELAY_MAX", "Stream", "random_gain", "random_neuron", "random_synapse", "synapses_onto"]

RELAY_MAX = 4096
"""Largest magnitude that random relays pass on, so that the next block's accumulators fit 24 bits."""

BIAS_MAX = 2**17
"""Bound on a random bias; the current of all branches leaves this much room."""

Side = tuple[int, int, int, int]
"""Kernel, stride, padding and dilation along one axis."""

# Simplest first; every combination of kernel, stride, padding and dilation that a small axis can use.
SIDES: list[Side] = sorted(product((1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2)), key=sum)


@dataclass(frozen=True)
class Stream:
    """What a branch reads, and how large an accumulator its block allows."""

    shape: ir.Shape
    bounds: Bounds
    acc_max: int


def random_synapse(choices: Choices, knobs: Knobs, stream: Stream) -> ir.Synapse:
    """Draw a synapse that can read `stream`."""
    shape = stream.shape
    spatial = len(shape) == 3
    # After a dense synapse nothing is spatial any more, so convolutions come first and twice.
    kinds = [k for k in ("conv", "conv", "pool") if spatial and k in knobs.synapses]
    kinds += [k for k in ("dense", "identity") if k in knobs.synapses]
    kind = choices.of(kinds)
    if kind == "identity":
        return ir.Identity()
    if kind == "dense":
        return _dense(choices, knobs, choices.integer(1, 5), stream)
    dilations = (1,) if kind == "pool" else (1, 2)
    down, across = (choices.of([s for s in SIDES if _extent(n, s) >= 1 and s[3] in dilations]) for n in shape[1:])
    if kind == "pool":
        return _pool(down, across)
    groups = choices.of([g for g in (1, 2, 3) if shape[0] % g == 0])
    return _conv(choices, knobs, groups * choices.integer(1, 2), groups, (down, across), stream)


def synapses_onto(choices: Choices, knobs: Knobs, stream: Stream, target: ir.Shape) -> list[ir.Synapse]:
    """Draw one synapse of every allowed kind that takes `stream` to the shape `target`."""
    shape = stream.shape
    found: list[ir.Synapse] = []
    if "identity" in knobs.synapses and shape == target:
        found.append(ir.Identity())
    if "dense" in knobs.synapses and len(target) == 1:
        found.append(_dense(choices, knobs, target[0], stream))
    if len(shape) == len(target) == 3:
        fits = [[s for s in SIDES if _extent(n, s) == m] for n, m in zip(shape[1:], target[1:], strict=True)]
        if all(fits):
            down, across = (choices.of(options) for options in fits)
            if "pool" in knobs.synapses and shape[0] == target[0] and down[3] == across[3] == 1:
                found.append(_pool(down, across))
            if "conv" in knobs.synapses:
                groups = choices.of([g for g in (1, 2, 3) if shape[0] % g == target[0] % g == 0])
                found.append(_conv(choices, knobs, target[0], groups, (down, across), stream))
    return found


def _extent(n: int, side: Side) -> int:
    kernel, stride, padding, dilation = side
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _pool(down: Side, across: Side) -> ir.SumPool:
    kernel, stride, padding = ((down[i], across[i]) for i in range(3))
    return ir.SumPool(kernel, stride, padding)


def _dense(choices: Choices, knobs: Knobs, outputs: int, stream: Stream) -> ir.Dense:
    weight, bits = _weights(choices, knobs, (outputs, int(np.prod(stream.shape))), stream)
    return ir.Dense(weight, bits)


def _conv(choices: Choices, knobs: Knobs, c_out: int, groups: int, sides: tuple[Side, Side], stream: Stream) -> ir.Conv:
    kernel, stride, padding, dilation = zip(*sides, strict=True)
    weight, bits = _weights(choices, knobs, (c_out, stream.shape[0] // groups, *kernel), stream)
    return ir.Conv(weight, bits, stride, padding, dilation, groups)


def _weights(choices: Choices, knobs: Knobs, shape: tuple[int, ...], stream: Stream) -> tuple[ir.IntArray, float]:
    """Draw weights of a declared width whose accumulators stay within `stream.acc_max`."""
    largest = max(-stream.bounds[0], stream.bounds[1])
    fits = largest * int(np.prod(shape[1:])) <= stream.acc_max
    bits = choices.of([b for b in knobs.weight_bits if b != 1 or fits])
    styles = ("random", "extreme", "random", "positive", "negative", *(() if bits == 1 else ("sparse", "zero")))
    style, top, rng = choices.of(styles), _top(bits), choices.rng
    ends = bits == 1 or style == "extreme"
    weight = rng.choice([-top, top], shape) if ends else rng.integers(-top, top + 1, shape)
    if style in ("positive", "negative"):
        weight = np.abs(weight) * (1 if style == "positive" else -1)
    elif style in ("sparse", "zero"):
        weight = weight * (rng.random(shape) < (0.2 if style == "sparse" else 0))
    # Weights beyond what the accumulator can hold become 0.
    kept = np.abs(weight).reshape(shape[0], -1).cumsum(axis=1) * largest <= stream.acc_max
    return (weight * kept.reshape(shape)).astype(np.int16), bits


def _top(bits: float) -> int:
    return 1 if bits in (1, ir.TERNARY_BITS) else 2 ** (int(bits) - 1) - 1


def random_gain(
    choices: Choices, style: str, acc: ir.IntArray, vth: int, count: int, neuron: ir.Neuron
) -> tuple[ir.IntArray, int]:
    """Draw a gain and shift for accumulators of at most `acc` (C,), one of `count` branches into `neuron`.

    A relay's branch gets what keeps its current within the branch's part of `RELAY_MAX`.
    """
    relay = isinstance(neuron, ir.Relay)
    rng, largest = choices.rng, max(int(acc.max()), 1)
    budget = (RELAY_MAX // 2 if relay else neuron.current_max - BIAS_MAX - count) // count
    plain = {"unit": 1, "lava": 64}.get(style)
    if plain is not None and plain * largest <= budget:
        return np.full(acc.shape, plain, dtype=np.int16), 0
    if style == "extreme" and not relay:
        shift = choices.of((0, 0, 1, 6, 15, SHIFT_MAX))
        half = (1 << shift) >> 1
        top = min(GAIN_MAX, budget // largest, (PRODUCT_MAX - half) // largest)
        return rng.choice([top, -top, 1, 0], acc.shape).astype(np.int16), shift
    # A typical sum lies well below its bound: this lets neurons neither sleep nor fire at every step.
    aim = RELAY_MAX / 4 / count / largest if relay else 6 * vth / largest
    scale = aim * rng.uniform(0.25, 2.0, acc.shape) * rng.choice([1, 1, 1, -1], acc.shape)
    limit = min(budget / largest, GAIN_MAX)
    fit = ir.fit_gain(np.clip(scale, -limit, limit), acc, vth)
    return fit.gain, fit.shift


def random_neuron(choices: Choices, kind: str, stock_cuba: bool) -> tuple[int, ir.Neuron]:
    """Draw the number of fractional bits and a neuron of `kind`."""
    frac_bits = choices.of((6, 8, 12, 16, 4, 1, 0))
    decays = (2048, 0, 4096, 128, 1, 4095, 3000)
    if kind == "readout":
        return frac_bits, ir.Readout()
    if kind == "relay":
        return 0, ir.Relay()
    if kind == "clip":
        return frac_bits, ir.Clip(*choices.of(((-127, 127), (0, RELAY_MAX), (-RELAY_MAX, 3), (-9, 0))))
    if kind == "threshold":
        return frac_bits, ir.Threshold(choices.of((0, 2**frac_bits, 5)))
    if kind == "cuba":
        vth = choices.of((64, 640, 0, 64 * 200)) if stock_cuba else choices.of((64, 1, 0, 12_345))
        return 6, ir.Cuba(choices.of(decays), choices.of(decays), vth)
    vth = choices.of((2**frac_bits, 2**frac_bits, 1, 3 * 2**frac_bits // 2 + 1))
    return frac_bits, ir.QLif(choices.of(decays), vth, choices.of(("hard", "soft")), _membrane(choices, frac_bits))


def _membrane(choices: Choices, frac_bits: int) -> ir.Membrane | None:
    kind = choices.of(("ternary", "none", "five", "four", "binary", "n-bit"))
    if kind == "none":
        return None
    if kind == "n-bit":
        bits = choices.integer(2, 8)
        step = choices.integer(max(0, frac_bits - bits), min(frac_bits, STATE_BITS - 1 - bits))
        return ir.Membrane(step, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    levels = {"ternary": (-1, 1), "five": (-3, 1), "four": (-2, 1), "binary": (0, 1)}
    return ir.Membrane(frac_bits, *levels[kind])
