from __future__ import annotations

import pytest

from lava_spquant import ir
from lava_spquant.proc.stream import Stream, connections


@pytest.mark.parametrize(
    ("bounds", "bits"),
    [
        ((0, 1), 0),
        ((0, 0), 0),
        ((0, 2), 2),
        ((0, 255), 8),
        ((0, 256), 9),
        ((-1, 0), 1),
        ((-1, 1), 2),
        ((-128, 127), 8),
        ((-129, 0), 9),
    ],
)
def test_message_bits(bounds, bits):
    assert Stream((1,), bounds).message_bits == bits


def test_port_shape():
    assert Stream((2, 3, 4), (0, 1)).port_shape == (4, 3, 2)


def test_gates_carry_spikes_in_the_shape_of_their_source():
    blocks = (
        ir.Block("mask", (ir.Branch(ir.SumPool(2), [1]),), ir.Threshold(1), [0]),
        ir.Block("gated", (ir.Branch(ir.SumPool(1), [1]),), ir.Readout(), [0], gates=(ir.Gate(0),)),
    )
    first, second = connections(ir.Network(ir.InputSpec((1, 4, 5), 4), blocks))
    assert first.gates == ()
    assert second.gates == (Stream((1, 2, 2), (0, 1)),)
    assert second.inputs == (Stream((1, 4, 5), (0, 15)),)
