from __future__ import annotations

import pytest
from hypothesis import given, settings

from lava_spquant import ir
from lava_spquant.report import memory, network_figure
from tests.report.networks import classifier
from tests.strategies import networks


def test_bars_are_the_account() -> None:
    network = classifier()
    rows = (*memory(network).rows, memory(network).total)
    parameters, state = network_figure(network).axes
    for ax, parts in ((parameters, [r.weights + r.gains + r.biases for r in rows]), (state, [r.state for r in rows])):
        full, built = ax.containers
        assert [bar.get_width() for bar in full] == pytest.approx([part.bits_at_32 / 8 for part in parts])
        assert [bar.get_width() for bar in built] == pytest.approx([part.bits / 8 for part in parts])
    assert [t.get_text() for t in parameters.get_yticklabels()] == [*(r.name for r in rows[:-1]), "whole network"]
    assert state.texts[1].get_text() == "none"
    assert state.texts[0].get_text() == "24 B  (16.0x)"


@settings(max_examples=15)
@given(network=networks())
def test_any_network_can_be_drawn(network: ir.Network) -> None:
    network_figure(network).canvas.draw()


def test_a_network_without_state_can_be_drawn() -> None:
    block = ir.Block("sum", (ir.Branch(ir.SumPool(2), [1], 0),), ir.Relay(), [0])
    figure = network_figure(ir.Network(ir.InputSpec((1, 4, 4)), (block,)), title="Pooling alone")
    figure.canvas.draw()
    assert figure.texts[0].get_text() == "Pooling alone"
