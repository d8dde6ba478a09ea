"""Read-out and relay."""

from __future__ import annotations

import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer.neuron import NEURONS, ReadoutNeuron, RelayNeuron
from lava_spquant.slayer.stream import SPIKES, Stream


def test_the_readout_is_a_running_sum_with_its_gradient() -> None:
    current = torch.tensor([[[1.0, -2.0]], [[0.5, 3.0]], [[0.25, 0.0]]], requires_grad=True)
    out = ReadoutNeuron().respond(current)
    assert out.tolist() == [[[1.0, -2.0]], [[1.5, 1.0]], [[1.75, 1.0]]]
    out.sum().backward()
    # Step t is part of every later sum.
    assert current.grad[:, 0, 0].tolist() == [3, 2, 1]


def test_the_readout_hands_on_units_of_the_current() -> None:
    neuron = ReadoutNeuron(frac_bits=3)
    assert neuron.to_wire(torch.tensor([-9, 2**23 - 1], dtype=torch.int32)).tolist() == [-1.125, (2**23 - 1) / 8]
    assert neuron.stream(SPIKES).bounds == (-(2**23) + 1, 2**23 - 1)


def test_the_readout_saturates_at_24_bits() -> None:
    block = ir.Block("r", (ir.Branch(ir.Identity(), [1]),), ir.Readout(), [2**22], 0)
    found = ReadoutNeuron(0).exact(block, torch.zeros(4, 1, 1, dtype=torch.int32))
    assert found["graded"].flatten().tolist() == [2**22, 2**23 - 1, 2**23 - 1, 2**23 - 1]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (SPIKES, Stream(0, 6, 1 / 6)),
        (Stream.image(8), Stream(0, 1530, 1 / 1530)),
        (Stream(-4, 3, 0.5), Stream(-24, 18, 0.5 / 6)),
    ],
)
def test_a_relay_of_sums_sends_their_mean(reads: Stream, expected: Stream) -> None:
    assert RelayNeuron(6).stream(reads) == expected


def test_every_ir_neuron_has_a_trainable_form() -> None:
    assert NEURONS.keys() == ir.NEURONS.keys()
