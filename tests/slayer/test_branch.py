"""Branches and synapses of training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import ConvSynapse, DenseSynapse
from lava_spquant.slayer.weightless import IdentitySynapse, PoolSynapse


def test_the_affine_map_is_what_training_computes() -> None:
    torch.manual_seed(0)
    branch = Branch(
        ConvSynapse(2, 4, (1, 3), "int8-channel"), 4, batch_norm=True, bias=True, reads=Stream(0, 15, 1 / 15)
    )
    branch.bias.data = torch.randn(4)
    branch.norm.weight.data, branch.norm.bias.data = torch.randn(4), torch.randn(4)
    branch.norm.running_mean, branch.norm.running_var = torch.randn(4), torch.rand(4)
    branch.norm.running_var[0] = 0  # where eps alone bounds the slope
    x = torch.randint(0, 16, (3, 2, 2, 5, 6)).float()
    acc = branch.to_ir_synapse("here").accumulate(x.flatten(0, 1).numpy().astype(np.int32))
    factor, offset = (v.reshape(-1, 1, 1) for v in branch.affine())
    found = branch.eval().current(x).detach().numpy()
    np.testing.assert_allclose(found, (acc * factor + offset).reshape(found.shape), rtol=1e-3, atol=1e-4)


def test_batch_norm_counts_batch_time_and_space() -> None:
    branch = Branch(PoolSynapse(1), None)
    branch.norm = torch.nn.BatchNorm1d(2, momentum=1.0)
    x = torch.randn(3, 4, 2, 5, 6, generator=torch.Generator().manual_seed(0)) * 3 + 1
    out = branch.normalise(x)
    values = x.movedim(2, 0).flatten(1)
    torch.testing.assert_close(branch.norm.running_mean, values.mean(1))
    torch.testing.assert_close(branch.norm.running_var, values.var(1))
    torch.testing.assert_close(out.movedim(2, 0).flatten(1).mean(1), torch.zeros(2), atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_repeated_image_passes_once_and_gives_the_same(batch_norm: bool) -> None:
    torch.manual_seed(0)
    branch = Branch(DenseSynapse(6, 3, "int4"), 3, batch_norm=batch_norm, bias=True)
    image = torch.randint(0, 2, (1, 5, 6)).float()
    once, many = branch.current(image.expand(4, 5, 6)), branch.current(image.repeat(4, 1, 1))
    assert once.stride(0) == 0
    torch.testing.assert_close(once, many)


def test_channels_that_follow_the_input() -> None:
    branch = Branch(IdentitySynapse(), None)
    with pytest.raises(RuntimeError, match="no input has been seen yet"):
        branch.affine()
    branch.fit((3, 4, 5))
    assert branch.out_channels == 3


def test_weight_norm_trains_direction_and_length() -> None:
    torch.manual_seed(0)
    made = block.Dense({"threshold": 1.0}, 6, 3, weight_norm=True, weight="int8")
    assert made.synapse.weight_norm_enabled
    assert len(list(made.parameters())) == 2
    made(torch.ones(1, 6, 3)).sum().backward()
    assert made.grad_norm > 0
    plain = block.Dense({"threshold": 1.0}, 6, 3, weight="int8")
    plain.synapse.weight.data = made.synapse.weight.data.clone()
    x = torch.ones(2, 6, 5)
    assert torch.equal(made.eval()(x), plain.eval()(x))


@pytest.mark.parametrize("weight", ["binary", "ternary", "sawb4", "none"])
def test_masked_synapses_are_zero(weight: str) -> None:
    torch.manual_seed(0)
    mask = torch.rand(4, 10) < 0.5
    made = block.Dense({"threshold": 1.0}, 10, 4, mask=mask, weight=weight)
    deployed = made.synapse.to_ir()
    assert not deployed.weight[~mask.numpy()].any()
    assert deployed.weight[mask.numpy()].any()
    assert deployed.weight_bits == max(made.synapse.integer_weight().bits, ir.TERNARY_BITS)
    made(torch.ones(1, 10, 4)).sum().backward()
    assert not made.synapse.weight.grad[~mask].any()
    assert made.synapse.weight.grad[mask].any()


def test_weight_scale_and_grad_norm() -> None:
    torch.manual_seed(0)
    one = DenseSynapse(5, 2, "none")
    torch.manual_seed(0)
    three = DenseSynapse(5, 2, "none", weight_scale=3)
    torch.testing.assert_close(three.weight, 3 * one.weight)
    assert one.grad_norm == 0
    (one(torch.ones(1, 5)) * torch.tensor([3.0, 4.0])).sum().backward()
    assert one.grad_norm == pytest.approx((5 * 25) ** 0.5 / 10)


def test_groups_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="Conv: groups: found 2, expected a divisor of 3 and 4 channels"):
        block.Conv({"threshold": 1.0}, 3, 4, 1, groups=2)


@pytest.mark.parametrize(("bits", "bound"), [(1, 1), (8, 255), (3, 7)])
def test_unquantised_weights_learn_how_wide_they_may_be(bits: int, bound: int) -> None:
    made = block.Dense({"threshold": 1.0}, 4, 2, weight="none")
    made.set_reads(Stream(0, 2**bits - 1))
    assert made.synapse.quantiser.input_bound == bound
    # Sums of a pool reach 4 only, but a layer in a file is proven for all of their 3 bits.
    made.set_reads(Stream(0, 4))
    assert made.synapse.quantiser.input_bound == 7
    made.set_reads(Stream(-8, 7))
    assert made.synapse.quantiser.input_bound == 8
