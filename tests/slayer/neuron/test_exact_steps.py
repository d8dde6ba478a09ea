"""The integer steps in torch are those of ir on currents up to the bounds, where potentials saturate and wrap."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir.neuron import zero_state
from lava_spquant.slayer.membrane import MembraneConfig
from lava_spquant.slayer.neuron import (
    ClipConfig,
    ClipNeuron,
    CubaConfig,
    QLifConfig,
    ReadoutNeuron,
    SlayerNeuron,
    ThresholdConfig,
    ThresholdNeuron,
    make_neuron,
)

NEURONS: dict[str, tuple[SlayerNeuron, ir.Neuron]] = {}
for _reset in ("hard", "soft"):
    for _levels in (None, MembraneConfig(-3, 1), MembraneConfig(-128, 127, 6)):
        _qlif = make_neuron(QLifConfig(voltage_decay=0.1, reset=_reset, membrane=_levels))
        NEURONS[f"qlif {_reset} {_levels}"] = (_qlif, _qlif.to_ir_neuron())
for _decay in (0.0, 0.25, 1.0):
    NEURONS[f"cuba {_decay}"] = (
        make_neuron(CubaConfig(1.0, _decay, 0.1)),
        ir.Cuba(round(_decay * 4096), round(0.1 * 4096), 64 << 6),
    )
NEURONS["readout"] = (ReadoutNeuron(), ir.Readout())
NEURONS["clip"] = (ClipNeuron(ClipConfig()), ir.Clip(-127, 127))
NEURONS["threshold"] = (ThresholdNeuron(ThresholdConfig()), ir.Threshold(0))


@pytest.mark.parametrize("name", NEURONS)
@given(
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([2**12, 2**20, 2**23, 2**31]),
    bias=st.sampled_from([0, -99, 4096]),
)
def test_steps(name: str, seed: int, scale: int, bias: int) -> None:
    trained, deployed = NEURONS[name]
    rng = np.random.default_rng(seed)
    limit = min(scale, deployed.current_max - abs(bias))
    current = rng.integers(-limit, limit + 1, (6, 2, 3, 2, 2))
    block = ir.Block("b", (ir.Branch(ir.Identity(), [1, 1, 1]),), deployed, [bias] * 3)
    found = trained.exact(block, torch.from_numpy(current.astype(np.int32)))
    state = zero_state(deployed, current.shape[1:])
    for t, step in enumerate(current):
        outputs, state = deployed.step(state, step, np.array(bias))
        for key, value in (*outputs.items(), *state.items()):
            np.testing.assert_array_equal(found[key][t].numpy(), value, err_msg=f"{key} at {t}")


def test_every_spiking_and_summing_neuron_is_here() -> None:
    assert {deployed.kind for _, deployed in NEURONS.values()} == ir.NEURONS.keys() - {"relay"}
