from __future__ import annotations

from lava_spquant.report.energy import ENERGY_SOURCE, synaptic_energy


def test_spikes_cost_additions_and_graded_values_products() -> None:
    assert synaptic_energy(0, 0) == 0
    assert synaptic_energy(2e6, 1e6) == 60 + 230
    assert "45 nm" in ENERGY_SOURCE
