"""Everything that the integer network may hold can be built, and nothing else is registered."""

from __future__ import annotations

import numpy as np
import pytest
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF, LIFReset

from lava_spquant import ir
from lava_spquant.proc import NEURON_BUILDERS, SYNAPSE_BUILDERS, Reset
from lava_spquant.proc.cuba import Cuba
from lava_spquant.proc.neuron_process import NO_RESET
from lava_spquant.proc.neurons import build_neuron
from lava_spquant.proc.stream import Stream
from lava_spquant.proc.synapses import build_synapse
from lava_spquant.proc.wide_conv import WideConv
from lava_spquant.proc.wide_dense import WideDense


def test_neurons_are_those_of_the_integer_network():
    assert NEURON_BUILDERS.keys() == ir.NEURONS.keys()


def test_synapses_are_those_of_the_integer_network():
    assert SYNAPSE_BUILDERS.keys() == ir.SYNAPSES.keys()


def dense(top: int) -> ir.Dense:
    return ir.Dense(np.array([[top, -1]]), 16)


IMAGE = Stream((2, 5, 6), (0, 1))


@pytest.mark.parametrize(
    ("synapse", "stream", "process"),
    [
        (dense(127), Stream((2,), (0, 1)), Dense),
        (dense(128), Stream((2,), (0, 1)), WideDense),
        (ir.Conv(np.ones((3, 2, 3, 3), int), 1), IMAGE, Conv),
        (ir.Conv(np.full((3, 2, 3, 3), 3000), 16), IMAGE, Conv),
        (ir.Conv(np.ones((3, 2, 1, 1), int), 1, padding=128), IMAGE, WideConv),
    ],
)
def test_lavas_own_synapses_wherever_they_are_exact(synapse, stream, process):
    assert type(build_synapse(synapse, stream, "s")) is process


def cuba_block(vth: int = 640, gain: int = 64, shift: int = 0, bias: int = 0) -> ir.Block:
    return ir.Block("b", (ir.Branch(ir.Dense([[1]], 2), [gain], shift),), ir.Cuba(1024, 128, vth), [bias])


@pytest.mark.parametrize(
    ("block", "reset", "process", "gain"),
    [
        (cuba_block(), NO_RESET, LIF, 64),
        (cuba_block(), Reset(4, 3), LIFReset, 64),
        (cuba_block(vth=641), NO_RESET, Cuba, 1),
        (cuba_block(gain=65), NO_RESET, Cuba, 1),
        (cuba_block(shift=1), NO_RESET, Cuba, 1),
        (cuba_block(bias=2**15 + 1), NO_RESET, Cuba, 1),
        (cuba_block(bias=2**20), NO_RESET, LIF, 64),
    ],
)
def test_lavas_own_lif_wherever_it_is_exact(block, reset, process, gain):
    population = build_neuron(block, (1,), reset, "n")
    assert type(population.process) is process
    assert population.gain == gain
