"""Raised thresholds with batch-norm that is measured anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lava_spquant import data, ir
from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.block import Conv, Flatten, Readout
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.neuron import ThresholdConfig
from lava_spquant.slayer.norm import renormalise
from lava_spquant.workflow.renormalised import Renormalised, calibration_batches
from lava_spquant.workflow.sweep import raise_thresholds
from tests.workflow.tiny_model import tiny_model

TRAIN = data.digits().train
BATCHES = calibration_batches(TRAIN, 300, 1)


@pytest.fixture(scope="module")
def model() -> SpikingNetwork:
    torch.manual_seed(0)
    config = ConvNetConfig("C6-B6-B6-B6-FC", "binary-standard", surrogate="asymmetric")
    made = build_convnet(config, ir.InputSpec((1, 8, 8), 8), 10)
    renormalise(made, BATCHES)
    return made.eval()


def means(network: ir.Network) -> list[NDArray[np.float64]]:
    """Return what convolutions and biases add to the stream on average, per block and channel, in its steps."""
    x = np.concatenate([batch.permute(4, 0, 1, 2, 3).numpy() for batch in BATCHES], axis=1).astype(np.int32)
    blocks = reference.run(network, x).blocks
    found = []
    for block in network.blocks:
        for branch in block.branches:
            if isinstance(branch.synapse, ir.Conv):
                stream = x if branch.source == ir.INPUT else next(iter(blocks[branch.source].values()))
                sums = branch.synapse.accumulate(stream[0]).mean(axis=(0, 2, 3)) * branch.gain / (1 << branch.shift)
                found.append(sums + block.bias)
    return found


def test_inputs_are_drawn_alike() -> None:
    assert [len(batch) for batch in BATCHES] == [150, 150]  # each counts alike
    for one, other in zip(BATCHES, calibration_batches(TRAIN, 300, 1), strict=True):
        assert torch.equal(one, other)
    assert sum(len(batch) for batch in calibration_batches(TRAIN.take(slice(0, 20)), 300, 1)) == 20


def test_what_layers_behind_raised_thresholds_add_is_what_it_was(model: SpikingNetwork) -> None:
    network, by = model.to_ir(), 0.8
    nets = network, raise_thresholds(network, by), Renormalised(model, BATCHES)(network, by)
    before, plain, renormalised = (means(net) for net in nets)
    # The first layer has nothing raised in front of it.
    np.testing.assert_array_equal(plain[0], before[0])
    for was, without, now in list(zip(before, plain, renormalised, strict=True))[1:]:
        np.testing.assert_allclose(now, was, atol=2)
        assert np.abs(without - was).max() > 5


def test_only_batch_norm_and_thresholds_differ(model: SpikingNetwork) -> None:
    network = model.to_ir()
    made = Renormalised(model, BATCHES)(network, 0.25)
    for old, new in zip(raise_thresholds(network, 0.25).blocks, made.blocks, strict=True):
        assert new.neuron == old.neuron
        for one, other in zip(old.branches, new.branches, strict=True):
            np.testing.assert_array_equal(
                getattr(one.synapse, "weight", np.zeros(1)), getattr(other.synapse, "weight", np.zeros(1))
            )


def test_the_model_stays_as_it_is(model: SpikingNetwork) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network = model.to_ir()
    raised = Renormalised(model, BATCHES)
    assert raised(network, 0.0) is network
    raised(network, 0.5)
    assert not [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    assert not model.training


def test_what_has_nothing_to_raise_is_refused(model: SpikingNetwork) -> None:
    with pytest.raises(ValueError, match="found 2 batches and 0 stateless thresholds"):
        Renormalised(tiny_model(), BATCHES)
    with pytest.raises(ValueError, match="found 0 batches"):
        Renormalised(model, [])
    # The maximum of spikes is no threshold of its own.
    spec = ir.InputSpec((1, 8, 8), 8)
    with pytest.raises(ValueError, match="found 2 batches and 0 stateless thresholds"):
        Renormalised(build_convnet(ConvNetConfig("6-MP2-6-FC"), spec, 10), BATCHES)
    parts = [Conv({"membrane": "ternary"}, 1, 4, 3), Conv(ThresholdConfig(), 4, 4, 3), Flatten()]
    mixed = SpikingNetwork([*parts, Readout(64, 10)], spec)
    with pytest.raises(ValueError, match="found a membrane in block 'conv0', expected none"):
        Renormalised(mixed, BATCHES)
