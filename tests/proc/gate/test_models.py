"""Which neurons receive current, worked out place by place in Lava's axis order."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.proc.gate import Gate
from tests.proc.harness import record, stream_into

STEPS = 6


def through(shape: ir.Shape, gate_shape: ir.Shape, x: ir.IntArray, spikes: ir.IntArray, bias=0) -> ir.IntArray:
    gate = Gate(shape=shape, gate_shape=gate_shape, bias=bias)
    stream_into(gate.a_in, x)
    stream_into(gate.s_in, spikes)
    return record(gate, gate.a_out, None, (), len(x))["out"]


def streams(shape: ir.Shape, gate_shape: ir.Shape) -> tuple[ir.IntArray, ir.IntArray]:
    generator = np.random.default_rng(len(shape) + sum(gate_shape))
    return generator.integers(-99, 100, (STEPS, *shape)), generator.integers(0, 2, (STEPS, *gate_shape))


@pytest.mark.parametrize(
    ("shape", "gate_shape", "cell"),
    [
        ((3,), (3,), (1,)),
        ((3,), (1, 1, 3), None),
        ((7, 5, 3), (3,), None),
        ((7, 5, 3), (1, 1, 3), None),
        ((7, 5, 3), (3, 2, 1), (3, 3)),
        ((7, 5, 3), (7, 1, 1), (1, 5)),
        ((7, 5, 3), (2, 5, 1), (4, 1)),
        ((2, 9, 1), (1, 3, 1), (2, 3)),
        ((2, 3, 4), (1, 1, 1), (2, 3)),
    ],
    ids=str,
)
def test_a_neuron_receives_current_where_its_gate_is_open(shape, gate_shape, cell):
    x, spikes = streams(shape, gate_shape)
    bias = np.arange(np.prod(shape)).reshape(shape) - 5
    expected = np.zeros_like(x)
    for t, *place in np.ndindex(*x.shape):
        spatial = cell is not None and len(shape) == 3
        own = (place[0] // cell[0], place[1] // cell[1], 0) if spatial else (*(0 for _ in gate_shape[1:]), place[-1])
        if spikes[(t, *own)]:
            expected[(t, *place)] = x[(t, *place)] + bias[tuple(place)]
    found = through(shape, gate_shape, x, spikes, bias)
    np.testing.assert_array_equal(found, expected)
    assert 0 < np.mean(expected != 0) < 1


def test_a_bias_per_channel():
    found = through((2, 1, 3), (1, 1, 3), np.zeros((1, 2, 1, 3)), np.array([[[[1, 0, 1]]]]), bias=[7, 8, -9])
    assert found.tolist() == [[[[7, 0, -9]], [[7, 0, -9]]]]


def test_currents_of_several_branches_add_up():
    gate = Gate(shape=(3,), gate_shape=(3,), bias=1)
    stream_into(gate.a_in, np.array([[10, 20, 30]]))
    stream_into(gate.a_in, np.array([[1, 2, 3]]))
    stream_into(gate.s_in, np.array([[1, 0, 1]]))
    assert record(gate, gate.a_out, None, (), 1)["out"].tolist() == [[12, 0, 34]]


def test_without_a_source_it_is_closed():
    gate = Gate(shape=(3,), gate_shape=(3,), bias=1)
    stream_into(gate.a_in, np.array([[10, 20, 30]]))
    assert record(gate, gate.a_out, None, (), 1)["out"].tolist() == [[0, 0, 0]]
