"""Calibration of blocks with gates: neurons are judged by what the gates let pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.block import Block
from lava_spquant.slayer.calibrate import CalibrationConfig, calibrate
from lava_spquant.slayer.calibrate.observe import arrived, branch_currents
from lava_spquant.slayer.export import deployed_blocks
from lava_spquant.slayer.gate import GateConfig
from tests.slayer.gated_models import convolutions, open_shares, random_input, residuals

X = random_input(4, 12)
MADE = {"convolutions": convolutions, "residuals": residuals}


def rates(model: SpikingNetwork) -> list[float]:
    """Spikes per neuron and step of every deployed block of the integer network."""
    records = reference.run(model.to_ir(), X).blocks
    return [
        float((record[block.output_name()] != 0).mean())
        for record, block in zip(records, model.to_ir().blocks, strict=True)
    ]


@pytest.mark.parametrize("kind", ["channel", "spatial", "both"])
@pytest.mark.parametrize("name", MADE)
def test_rates_are_those_of_the_deployed_networks(name: str, kind: str) -> None:
    model = MADE[name](GateConfig(kind))
    assert all(0.02 < share < 0.9 for share in open_shares(model.to_ir(), X))
    x = torch.from_numpy(X).float().movedim(0, -1)
    done = calibrate(model, [x], CalibrationConfig(weight="int4-channel", membrane="fit4"))
    spiking = [index for index, row in enumerate(done.rows) if row.rate_before is not None]
    assert any(model.to_ir().blocks[index].gates for index in spiking)
    before, after = rates(model), rates(done.model)
    for index in spiking:
        row = done.rows[index]
        # Rounded gains and biases move a spike here and there.
        assert row.rate_before == pytest.approx(before[index], abs=0.01), row.block
        assert row.rate_after == pytest.approx(after[index], abs=0.01), row.block


def test_what_arrives_is_what_the_integer_network_computes_with() -> None:
    model = convolutions(GateConfig("both"))
    x = torch.from_numpy(X).float().movedim(0, -1)
    network = model.to_ir()
    records = reference.run(network, X).blocks
    for (part, *_), block in zip(deployed_blocks(list(model)), network.blocks, strict=True):
        assert isinstance(part, Block)
        found = arrived(model, part, x)
        assert len(found.gates) == len(block.gates)
        for mask, gate in zip(found.gates, block.gates, strict=True):
            np.testing.assert_array_equal(mask.numpy(), records[gate.source]["spikes"])
        (current,) = branch_currents(part, found.inputs)
        passed = found.passes(current)
        assert (passed is current) == (not block.gates)
        if block.gates:
            closed = float((passed == 0).float().mean())
            assert 0.1 < closed < 0.95
            assert torch.equal(passed[passed != 0], current[passed != 0])
