from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lava_spquant.ir import NEURONS, Clip, Cuba, Membrane, Neuron, QLif, Readout, Relay, Threshold
from lava_spquant.ir.neuron import zero_state

EXAMPLES: list[Neuron] = [
    QLif(2048, 64, membrane=Membrane(6, -1, 1)),
    Cuba(1024, 128, 640),
    Readout(),
    Relay(),
    Clip(-127, 100),
    Threshold(5),
]


def test_every_registered_neuron_has_an_example_here() -> None:
    assert {type(n) for n in EXAMPLES} == set(NEURONS.values())
    assert all(cls.kind == kind for kind, cls in NEURONS.items())


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda n: n.kind)
def test_a_step_returns_what_the_class_declares(neuron: Neuron) -> None:
    shape = (2, 3, 1, 4)
    state = zero_state(neuron, shape)
    outputs, new = neuron.step(state, np.full(shape, 7, np.int64), np.zeros((3, 1, 1), np.int32))
    assert tuple(outputs) == neuron.outputs
    assert tuple(new) == tuple(state) == neuron.state_names
    for value in (*outputs.values(), *new.values()):
        assert value.shape == shape
        assert value.dtype == np.int32


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda n: n.kind)
def test_outputs_keep_their_bounds(neuron: Neuron) -> None:
    limit = 10_000
    state = zero_state(neuron, (1, 201))
    current = np.linspace(-limit, limit, 201).astype(np.int64)[None]
    for _ in range(4):
        outputs, state = neuron.step(state, current, np.zeros(1, np.int32))
        for name, value in outputs.items():
            low, high = neuron.output_bounds(name, (-limit, limit))
            assert low <= value.min()
            assert value.max() <= high


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda n: n.kind)
def test_equal_parameters_make_equal_neurons(neuron: Neuron) -> None:
    copy = replace(neuron)
    assert copy is not neuron
    assert copy == neuron
