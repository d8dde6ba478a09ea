"""Deployed thresholds decide as trained ones, for every accumulator."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.slayer.block.base import Block
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import ThresholdNeuron
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import DenseSynapse
from lava_spquant.slayer.weightless import IdentitySynapse

TOP = 127
VALUES = torch.arange(-TOP, TOP + 1, dtype=torch.float32)
BESIDE = 1e-5

biases = st.one_of(
    st.floats(-1.5, 1.5, width=32),
    # Within a hair of what a whole number of the stream cancels, its bounds above all.
    st.tuples(st.sampled_from((-TOP, -64, -1, 0, 1, 64, TOP)), st.floats(-BESIDE, BESIDE)).map(
        lambda near: near[0] / TOP + near[1]
    ),
)


def decided_twice(block: Block, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what training and the deployed integers send."""
    with torch.no_grad():
        trained = block.train()(x)
        return trained, block.eval()(x)


@given(st.lists(biases, min_size=1, max_size=4))
def test_every_value_of_a_stream(values: list[float]) -> None:
    branch = Branch(IdentitySynapse(), len(values), bias=True, reads=Stream(-TOP, TOP, 1 / TOP))
    assert branch.bias is not None
    branch.bias.data = torch.tensor(values)
    x = VALUES[:, None, None].expand(-1, len(values), -1)
    trained, deployed = decided_twice(Block(ThresholdNeuron(), [branch]), x)
    assert torch.equal(trained, deployed)


@pytest.mark.parametrize("bias", [-1 + 1e-7, -1.0, 1.0, 1 - 1e-7])
def test_a_threshold_at_the_bound_of_a_clipped_stream(bias: float) -> None:
    """Rounded alone it would be the bound itself, and all clipped values would fall on one side."""
    branch = Branch(IdentitySynapse(), 1, bias=True, reads=Stream(-TOP, TOP, 1 / TOP))
    assert branch.bias is not None
    branch.bias.data.fill_(bias)
    trained, deployed = decided_twice(Block(ThresholdNeuron(), [branch]), VALUES[:, None, None])
    assert torch.equal(trained, deployed)
    assert deployed.sum() == {-1 + 1e-7: 1, -1.0: 0, 1.0: 254, 1 - 1e-7: 254}[bias]


@given(st.integers(0, 2**32 - 1), st.sampled_from((1e-3, 0.3, 1.0, 30.0)), st.integers(1, 40))
def test_every_accumulator_behind_batch_norm(seed: int, spread: float, fan_in: int) -> None:
    """Where batch-norm's factor has either sign, and whether or not its threshold is in reach."""
    rng = torch.Generator().manual_seed(seed)
    channels = 5
    branch = Branch(DenseSynapse(fan_in, channels, "binary-channel"), channels, batch_norm=True)
    norm = branch.norm
    assert norm is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        norm.running_mean.normal_(generator=rng).mul_(spread)
        norm.running_var.fill_(spread**2)
        norm.weight.normal_(generator=rng)
        norm.bias.normal_(generator=rng)
    block = ThresholdNeuron().to_ir("threshold", [branch], [-1])
    (part,) = block.branches
    factor, offset = branch.affine()
    acc = np.arange(-fan_in, fan_in + 1)[:, None]
    current = ((np.array(part.gain, np.int64) * acc + ((1 << part.shift) >> 1)) >> part.shift) + np.array(block.bias)
    meant = factor.astype(np.float32) * acc.astype(np.float32) + offset.astype(np.float32) > 0
    # A channel whose gain is next to nothing beside another's cannot tell its accumulators apart.
    told_apart = np.all(np.diff(current, axis=0) != 0, axis=0)
    assert ((current > 0) == meant)[:, told_apart].all()


def test_a_channel_without_gain_keeps_its_bias() -> None:
    branch = Branch(DenseSynapse(3, 2, "binary-channel"), 2, batch_norm=True)
    assert branch.norm is not None
    with torch.no_grad():
        branch.norm.weight.copy_(torch.tensor([0.0, 1.0]))
        branch.norm.bias.copy_(torch.tensor([0.25, 0.25]))
    block = ThresholdNeuron().to_ir("threshold", [branch], [-1])
    assert np.array(block.bias)[0] == 1024
