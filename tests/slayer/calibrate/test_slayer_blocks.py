"""SLAYER's blocks and ours give the same spikes, and the ones can become the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lava.lib.dl import slayer
from torch import Tensor

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.slayer.calibrate import CalibrationConfig, calibrate, from_slayer

# SLAYER uses a form of it that torch has replaced.
pytestmark = pytest.mark.filterwarnings("ignore:torch.nn.utils.weight_norm is deprecated")

cuba = slayer.block.cuba
NEURON = {"threshold": 1.25, "current_decay": 0.3, "voltage_decay": 0.1}
PLAIN = {"threshold": 0.5, "current_decay": 1.0, "voltage_decay": 0.25}


def blocks(neuron: dict[str, float], shift: bool = False, **options: Any) -> list[torch.nn.Module]:
    torch.manual_seed(0)
    return [
        cuba.Conv(neuron, 2, 4, (3, 2), (1, 2), (0, 1), groups=2, weight_scale=3, delay_shift=shift, **options),
        cuba.Pool({**neuron, "threshold": 0.9}, (2, 1), weight_scale=0.5, delay_shift=shift),
        cuba.Flatten(),
        cuba.Dense(neuron, 4 * 2 * 5, 6, weight_scale=4, weight_norm=True, delay_shift=shift, **options),
        cuba.Dense(neuron, 6, 6, weight_scale=4, delay_shift=shift, mask=torch.tril(torch.ones(6, 6)), **options),
        cuba.Average(3),
    ]


def spikes(seed: int = 1) -> Tensor:
    return (torch.rand(3, 2, 6, 8, 12, generator=torch.Generator().manual_seed(seed)) < 0.4).float()


def run(modules: list[torch.nn.Module], x: Tensor) -> list[Tensor]:
    outputs = []
    with torch.no_grad():
        for module in modules:
            x = module(x)
            outputs.append(x)
    return outputs


@pytest.mark.parametrize("neuron", [NEURON, PLAIN])
def test_the_same_spikes_in_training(neuron: dict[str, float]) -> None:
    old = blocks(neuron)
    expected = run(old, spikes())
    model = from_slayer(old, ir.InputSpec((2, 6, 8)), weight="slayer8").train()
    found = run(list(model), spikes())
    assert 0.02 < float(expected[3].mean()) < 0.98
    for have, want in zip(found, expected, strict=True):
        assert float((have != want).float().mean()) < 2e-3


def test_a_shift_of_every_block_is_undone() -> None:
    steps = 4  # Conv, Pool and both Dense blocks
    expected = run(blocks(PLAIN, shift=True), spikes())[-1]
    model = from_slayer(blocks(PLAIN, shift=True), ir.InputSpec((2, 6, 8)), weight="slayer8").train()
    with torch.no_grad():
        found = model(spikes())
    assert float((found[..., :-steps] != expected[..., steps:]).float().mean()) < 5e-3


def test_neurons_without_a_lasting_current_take_levels_and_are_calibrated() -> None:
    old = blocks(PLAIN)
    model = from_slayer(old, ir.InputSpec((2, 6, 8)), weight="slayer8", levels="none").eval()
    expected = run(old, spikes())
    with torch.no_grad():
        assert float((model(spikes()) != expected[-1]).float().mean()) < 5e-3
    done = calibrate(model, [spikes(2)], CalibrationConfig(weight="int4-channel", membrane="fit3"))
    network = done.model.to_ir()
    assert network.blocks[0].neuron.state_bits == 3
    x = spikes().movedim(-1, 0).numpy().astype(np.int32)
    assert reference.run(network, x).output.any()


def test_inputs_with_and_without_neurons() -> None:
    dense = cuba.Dense(PLAIN, 4, 3, delay_shift=False)
    x = torch.randint(0, 256, (2, 4, 5)).float()
    spec = ir.InputSpec((4,), 8)
    assert from_slayer([cuba.Input(None, delay_shift=False), dense], spec).train()(x).shape == (2, 3, 5)
    assert from_slayer([cuba.Input(PLAIN, delay_shift=False), dense], spec).train()(x).shape == (2, 3, 5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cuba.Dense(NEURON, 4, 3, delay=True), r"block 0 \(Dense\): delay: found learned delays"),
        (lambda: cuba.Dense({**NEURON, "shared_param": False}, 4, 3), "shared_param: found False"),
        (lambda: cuba.Dense({**NEURON, "graded_spike": True}, 4, 3), "graded_spike: found True"),
        (lambda: cuba.Dense({**NEURON, "norm": slayer.neuron.norm.MeanOnlyBatchNorm}, 4, 3), "norm: found MeanOnly"),
        (lambda: cuba.Input(NEURON, weight=2), r"weight, bias: found \['weight'\]"),
        (lambda: cuba.Recurrent(NEURON, 4, 4), r"kind: found Recurrent, expected one of SLAYER's Input"),
        (lambda: torch.nn.Linear(4, 3), "kind: found Linear"),
    ],
)
def test_what_cannot_be_deployed_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_slayer([make()], ir.InputSpec((4,)))


def test_levels_need_a_current_that_does_not_last() -> None:
    with pytest.raises(ValueError, match=r"current_decay: found 0\.3.*, expected 1"):
        from_slayer([cuba.Dense(NEURON, 4, 3)], ir.InputSpec((4,)), levels="ternary")
