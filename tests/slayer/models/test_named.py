"""The published figures follow from the models themselves; every model runs as it is exported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.report import memory
from lava_spquant.slayer.block import Block
from lava_spquant.slayer.models import ARCHITECTURES, MODELS, build_convnet, named_model
from lava_spquant.slayer.network import SpikingNetwork
from tests.slayer.random_models import disturb


def test_resnet19_weighs_what_is_published() -> None:
    """49.94 MB of weights and 5.5 MB of state at 32 bits; a quarter and a sixteenth at 4 and 2 bits."""
    total = memory(named_model("resnet19").build("resnet19").to_ir()).total
    readout = 10
    assert total.kernels.count == 12_486_336
    assert total.state.count - readout == 1_376_512
    assert total.kernels.mb_at_32 == pytest.approx(49.94, abs=0.01)
    assert total.state.mb_at_32 == pytest.approx(5.5, abs=0.01)
    assert total.paper_mb_at_32 == pytest.approx(60.94, abs=0.02)
    assert total.kernels.mb == pytest.approx(6.24, abs=0.01)


def test_vgg9_keeps_the_published_state() -> None:
    """3.69 MB at 32 bits and 0.23 MB at 2 for 921,600 neurons at 48x48."""
    total = memory(named_model("vgg9").build("vgg9").to_ir()).total
    readout = 10
    assert total.state.count - readout == 921_600
    assert total.state.mb_at_32 == pytest.approx(3.69, abs=0.005)
    assert total.state.mb == pytest.approx(0.23, abs=0.002)


def test_every_architecture_can_be_counted() -> None:
    assert set(MODELS) == set(ARCHITECTURES)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ValueError, match="model: found 'vgg19', expected one of vgg9"):
        named_model("vgg19")


SIDES = {"resnet19": 32, "bit-resnet20": 32, "bit-resnet18": 32, "bit-resnet18-imagenet": 224}


def disturbed(name: str) -> tuple[SpikingNetwork, int]:
    """A model with moved parameters, at a size that keeps tests short, and its number of steps."""
    torch.manual_seed(0)
    side = SIDES.get(name, 16)
    model = build_convnet(MODELS[name].config, ir.InputSpec((2, side, side), 4), 3, name)
    disturb(model, np.random.default_rng(1))
    return model.eval(), 1 if name.startswith("bit-") else 2


@pytest.mark.parametrize("name", MODELS)
def test_models_run_as_they_are_exported(name: str) -> None:
    """SLAYER and engine at every block."""
    model, steps = disturbed(name)
    x = np.random.default_rng(0).integers(0, 16, (steps, 1, *model.input_spec.shape))
    found, network = model.trace(x), model.to_ir()
    ran = Engine(network).run(x, record=("outputs", "v"))
    for have, want in zip(found.blocks, ran.blocks, strict=True):
        assert all(np.array_equal(have[k], want[k]) for k in want)
    assert any(0 < block["spikes"].mean() < 1 for block in found.blocks if "spikes" in block)


@pytest.mark.parametrize("name", MODELS)
def test_training_computes_what_is_exported(name: str) -> None:
    """Float against integers, block by block on the same input: rounding may differ, a factor may not."""
    model, steps = disturbed(name)
    x = torch.from_numpy(np.random.default_rng(0).integers(0, 16, (1, *model.input_spec.shape, steps))).float()
    with torch.no_grad():
        for number, part in enumerate(model):
            integers = part(x)
            inner = [module for module in part.modules() if isinstance(module, Block)]
            for module in inner:
                module.training = True  # batch-norm below it keeps its running statistics
            floats = part(x)
            for module in inner:
                module.training = False
            spikes = bool(((floats == 0) | (floats == 1)).all())
            # Rounding moves a graded value by a unit or two; a spike on the threshold's edge may fall to either side.
            different = ((integers - floats).abs() > (0.5 if spikes else 2.5)).double().mean()
            assert float(different) < 0.04, (number, part.kind)
            x = integers
