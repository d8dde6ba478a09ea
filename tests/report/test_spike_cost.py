from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.report import activity, spike_costs


def block(name: str, synapse: ir.Synapse, channels: int, source: int, neuron: ir.Neuron) -> ir.Block:
    branch = ir.Branch(synapse, np.full(channels, 1 if neuron == ir.Relay() else 16), source=source)
    return ir.Block(name, (branch,), neuron, np.zeros(channels, int))


NEURON = ir.QLif(2048, 64)


def network(first: ir.Neuron = NEURON) -> ir.Network:
    """Convolution without border effects, pooling, a second reader and a classifier."""
    rng = np.random.default_rng(0)
    point = ir.Conv(rng.integers(-7, 8, (5, 2, 1, 1)), 4)
    return ir.Network(
        ir.InputSpec((2, 4, 6), 8),
        (
            block("conv", point, 5, ir.INPUT, first),
            block("pool", ir.SumPool((2, 2), (2, 2)), 5, 0, ir.Relay()),
            block("next", ir.Conv(rng.integers(-7, 8, (3, 5, 1, 1)), 4), 3, 1, NEURON),
            block("end", ir.Dense(rng.integers(-7, 8, (4, 18)), 4), 4, 2, ir.Readout()),
        ),
    )


def test_costs_by_hand() -> None:
    # A spike of conv adds once in the pool; a pooled value reaches 3 outputs, and a spike behind it 4 classes.
    assert spike_costs(network()) == (1.0, 3.0, 4.0, 0.0)


def test_they_are_what_is_counted_on_data() -> None:
    net = network()
    x = np.random.default_rng(1).integers(0, 256, (3, 2, 2, 4, 6)).astype(np.int32)
    trace = reference.run(net, x)
    counted = activity(net, [(x, trace)]).rows
    outputs = [trace.blocks[i][net.blocks[i].output_name()] for i in range(3)]
    sent = [np.count_nonzero(values) / 2 for values in outputs]
    assert all(sent)
    for number, (values, cost) in enumerate(zip(sent, spike_costs(net), strict=False)):
        assert counted[number + 1].synops == pytest.approx(values * cost)


def test_graded_values_have_no_price() -> None:
    assert spike_costs(network(ir.Clip(-9, 9))) == (0.0, 0.0, 4.0, 0.0)


def test_sums_of_weights_that_are_passed_on_are_no_spikes() -> None:
    rng = np.random.default_rng(2)
    blocks = (
        block("conv", ir.Conv(rng.integers(-7, 8, (5, 2, 1, 1)), 4), 5, ir.INPUT, NEURON),
        block("sums", ir.Conv(rng.integers(-7, 8, (3, 5, 1, 1)), 4), 3, 0, ir.Relay()),
        block("pool", ir.SumPool((2, 2), (2, 2)), 3, 1, NEURON),
    )
    assert spike_costs(ir.Network(ir.InputSpec((2, 4, 6), 8), blocks)) == (3.0, 0.0, 0.0)
