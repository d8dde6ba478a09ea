"""Neurons where arithmetic is tightest: wraps, saturation, the largest gains, shifts and biases."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir.limits import CURRENT_MAX, PRODUCT_MAX, STATE_MAX
from tests.engine.harness import assert_exact

SIZES = (1, 16, 21)


def driven(
    neuron: ir.Neuron, branches: list[tuple[ir.IntArray, ir.IntArray, int]], bias: ir.IntArray, bits: int = 1
) -> ir.Network:
    """Return neurons that all inputs reach through (weight, gain, shift)."""
    made = tuple(ir.Branch(ir.Dense(weight, 16), gain, shift) for weight, gain, shift in branches)
    spec = ir.InputSpec((branches[0][0].shape[1],), bits, signed=bits > 1)
    return ir.Network(spec, (ir.Block("b", made, neuron, bias, 0),))


@pytest.mark.parametrize("size", SIZES)
def test_the_current_wraps_once_on_either_side(size: int) -> None:
    """`u` loses nothing per step, so that it walks over +-2**23 in both directions."""
    rng = np.random.default_rng(size)
    weight = np.stack([rng.choice([1, -1], size) * rng.integers(20_000, 32_768, size) for _ in range(4)], axis=1)
    neuron = ir.Cuba(current_decay=0, voltage_decay=100, vth=2**20)
    network = driven(neuron, [(weight, np.full(size, 64), 0)], np.zeros(size, int))
    x = np.ones((40, 2, 4), int)
    x[:, 1] = rng.random((40, 4)) < 0.5
    trace = assert_exact(network, x)
    jumps = np.abs(np.diff(trace.blocks[0]["u"].astype(int), axis=0))
    assert jumps.max() > 2**23
    assert np.abs(trace.blocks[0]["v"]).max() > 2**20


def test_the_borders_of_the_wrap() -> None:
    """+2**23 stays and what is above wraps; -2**23 wraps and what is above does not: 64 * 131072 = 2**23."""
    weight = np.array([[32767] * 4 + [4, 1]]) * [[1], [-1]]
    network = driven(ir.Cuba(4096, 4096, 0), [(weight, np.array([64, 64]), 0)], np.zeros(2, int))
    x = np.ones((3, 1, 6), int)
    x[0, 0, 5] = x[2, 0, 4:] = 0
    trace = assert_exact(network, x)
    assert trace.blocks[0]["u"][:, 0].tolist() == [
        [2**23, 2**23],
        [64 - 2**23, 2**23 - 64],
        [2**23 - 256, 256 - 2**23],
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("membrane", [None, ir.Membrane(22, -1, 1), ir.Membrane(0, -8, 7)], ids=str)
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_the_membrane_saturates_on_both_sides(size: int, membrane: ir.Membrane | None, reset: str) -> None:
    rng = np.random.default_rng(size)
    weight = rng.choice([32767, -32767, 300], (size, 2))
    gain = rng.choice([32767, -32767, 1], size)
    bias = rng.choice([CURRENT_MAX // 3, -CURRENT_MAX // 3, 7], size)
    network = driven(ir.QLif(17, STATE_MAX - 1, reset, membrane), [(weight, gain, 1)], bias)
    trace = assert_exact(network, (rng.random((12, 3, 2)) < 0.6).astype(int))
    if size > 1:
        assert trace.blocks[0]["spikes"].any()
        assert membrane is not None or trace.blocks[0]["v"].min() == -STATE_MAX


@pytest.mark.parametrize("neuron", [ir.Readout(), ir.Relay(), ir.QLif(0, 1), ir.QLif(4095, 1, "soft")], ids=str)
@pytest.mark.parametrize("shift", [0, 1, 15, 31])
def test_the_largest_products_of_either_sign(neuron: ir.Neuron, shift: int) -> None:
    """`gain * acc + half` up to 2**31 - 1, with gains of both signs and graded input of both signs."""
    rng = np.random.default_rng(shift)
    top = PRODUCT_MAX - ((1 << shift) >> 1) - (STATE_MAX if shift == 0 else 0)
    weight = np.zeros((19, 3), int)
    weight[:, 0], weight[:, 1] = 256, rng.integers(-200, 200, 19)
    low, high = ir.Dense(weight, 16).acc_bounds((-128, 127))
    gain = np.minimum(32767, top // np.maximum(-low, high)) * rng.choice([1, -1], 19)
    network = driven(neuron, [(weight, gain, shift)], np.zeros(19, int), bits=8)
    x = rng.choice([-128, 127, 0, 1], (8, 4, 3))
    assert_exact(network, x)


@pytest.mark.parametrize("decay", [0, 1, 2047, 2048, 4095, 4096])
def test_every_decay_rounds_toward_zero(decay: int) -> None:
    rng = np.random.default_rng(decay)
    size = 33
    weight = np.concatenate([np.diag(rng.integers(-32767, 32768, size)), np.diag(rng.integers(-9, 10, size))], axis=1)
    x = (rng.random((30, 2, 2 * size)) < 0.3).astype(int)
    for neuron in (ir.QLif(decay, STATE_MAX), ir.Cuba(decay, 4096 - decay, 2**23)):
        trace = assert_exact(driven(neuron, [(weight, np.full(size, 64), 0)], np.zeros(size, int)), x)
        assert len(np.unique(trace.blocks[0]["v"])) > 20


def test_a_bias_of_ones_own_for_every_neuron() -> None:
    rng = np.random.default_rng(0)
    shape = (5, 3, 7)
    for neuron in (ir.QLif(1000, 300), ir.Cuba(1000, 10, 300), ir.Readout(), ir.Relay()):
        bias = rng.integers(-400, 401, shape)
        branch = ir.Branch(ir.Identity(), np.arange(5) - 2)
        network = ir.Network(ir.InputSpec(shape, 4), (ir.Block("b", (branch,), neuron, bias),))
        assert_exact(network, rng.integers(0, 16, (5, 2, *shape)))
