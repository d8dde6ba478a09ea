"""Batch-norm, scale and bias inside the neuron's operation: the numbers and gradients of applying them one by one."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from lava_spquant.slayer import block
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.layout import channels_last
from lava_spquant.slayer.membrane import n_bit
from lava_spquant.slayer.neuron import QLif, QLifConfig
from lava_spquant.slayer.neuron.base import SlayerNeuron
from lava_spquant.slayer.neuron.drive import drive
from lava_spquant.slayer.neuron.op import use
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import ConvSynapse, DenseSynapse
from lava_spquant.slayer.weightless import IdentitySynapse, PoolSynapse

IMAGE = Stream.image(4)


def conv(batch_norm: bool, bias: bool, reads: Stream) -> Branch:
    return Branch(ConvSynapse(3, 5, (3, 1), "sawb4", padding=(1, 0)), 5, batch_norm=batch_norm, bias=bias, reads=reads)


def dense(batch_norm: bool, bias: bool, reads: Stream) -> Branch:
    return Branch(DenseSynapse(3 * 4 * 6, 7, "ternary"), 7, batch_norm=batch_norm, bias=bias, reads=reads)


def shaken(branch: Branch, dtype: torch.dtype) -> Branch:
    with torch.no_grad():
        for parameter in (branch.bias, *(branch.norm.parameters() if branch.norm is not None else ())):
            if parameter is not None:
                parameter += torch.randn(parameter.shape) * 0.3
    return branch.to(dtype)


def results(
    run: Callable[[QLif, list[Branch], list[Tensor]], Tensor], config: QLifConfig, branches: list[Branch], x: Tensor
) -> list[Tensor | None]:
    """Spikes, all gradients and all buffers that one training step leaves."""
    branches = copy.deepcopy(branches)
    leaf = x.clone().requires_grad_()
    spikes = run(QLif(config), branches, [leaf] * len(branches))
    generator = torch.Generator().manual_seed(7)
    spikes.backward(torch.randn(spikes.shape, generator=generator, dtype=torch.float64).to(spikes.dtype))
    parameters = [p.grad for b in branches for p in b.parameters()]
    return [spikes.detach(), leaf.grad, *parameters, *(v for b in branches for v in b.buffers())]


def inside(neuron: QLif, branches: list[Branch], inputs: list[Tensor]) -> Tensor:
    return neuron(branches, inputs)


def one_by_one(neuron: QLif, branches: list[Branch], inputs: list[Tensor]) -> Tensor:
    return SlayerNeuron.forward(neuron, branches, inputs)


@pytest.mark.parametrize("make", [conv, dense])
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("count", [1, 2])
def test_the_same_as_one_by_one(
    make: Callable[[bool, bool, Stream], Branch], batch_norm: bool, bias: bool, count: int
) -> None:
    torch.manual_seed(0)
    branches = [shaken(make(batch_norm, bias, IMAGE), torch.float64) for _ in range(count)]
    config = QLifConfig(0.7, 0.3, membrane=n_bit(4))
    x = torch.randint(0, 16, (4, 2, 3, 4, 6)).double()
    found, expected = (results(run, config, branches, x) for run in (inside, one_by_one))
    assert 0 < expected[0].mean() < 1
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_residual_join_and_neurons_of_sums() -> None:
    torch.manual_seed(0)
    skip, pool = Branch(IdentitySynapse(), None), Branch(PoolSynapse(1), None, reads=IMAGE)
    main = Branch(ConvSynapse(3, 3, 3, "int8", padding=1), 3, batch_norm=True)
    x = (torch.rand(3, 2, 3, 4, 5) < 0.5).double()
    for branches in ([main.double(), skip], [skip, main], [skip], [pool], [skip, pool, main]):
        config = QLifConfig(1.0, 0.25, "soft")
        found, expected = (results(run, config, branches, x) for run in (inside, one_by_one))
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)


def test_a_norm_in_eval_uses_its_running_statistics() -> None:
    torch.manual_seed(0)
    branch = shaken(conv(True, True, IMAGE), torch.float64)
    assert branch.norm is not None
    branch.norm.running_mean += 0.4
    branch.norm.running_var *= 0.3
    branch.norm.eval()
    x = torch.randint(0, 16, (4, 2, 3, 4, 6)).double()
    found, expected = (results(run, QLifConfig(), [branch], x) for run in (inside, one_by_one))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_another_norm_normalises_by_itself() -> None:
    torch.manual_seed(0)
    branch = conv(True, False, IMAGE)
    branch.norm = nn.BatchNorm1d(5, momentum=None)
    x = torch.randint(0, 16, (4, 2, 3, 4, 6)).float()
    found, expected = (results(run, QLifConfig(), [branch], x) for run in (inside, one_by_one))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_one_value_per_channel_takes_running_statistics_where_there_are_any() -> None:
    torch.manual_seed(0)
    part = block.Dense({"threshold": 1.0}, 4, 3, batch_norm=True)
    with pytest.raises(ValueError, match="batch-norm: found 1 value per channel, expected at least 2"):
        part(torch.ones(1, 4, 1))
    part(torch.randint(0, 2, (5, 4, 3)).float())
    branch = part.branches[0]
    state = {name: value.clone() for name, value in branch.norm.state_dict().items()}
    x = torch.randint(0, 2, (1, 1, 4)).float()
    found, expected = (results(run, QLifConfig(), [branch], x) for run in (inside, one_by_one))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    assert all(torch.equal(value, state[name]) for name, value in branch.norm.state_dict().items())


def test_a_static_image_passes_once() -> None:
    torch.manual_seed(0)
    branch = conv(True, True, IMAGE)
    image = torch.randint(0, 16, (1, 2, 3, 4, 6)).float()
    assert drive(branch, image.expand(5, *image.shape[1:]), QLifConfig().dynamics).z.shape[0] == 1
    once, many = (
        results(inside, QLifConfig(), [branch], image.expand(5, *image.shape[1:])),
        results(inside, QLifConfig(), [branch], image.repeat(5, 1, 1, 1, 1).clone()),
    )
    assert torch.equal(once[0], many[0])


def test_memory_is_channels_last_from_block_to_block() -> None:
    torch.manual_seed(0)
    blocks = [
        block.Conv({"threshold": 1.0}, 3, 6, 3, padding=1, batch_norm=True),
        block.Residual({"threshold": 1.0}, 6, 6),
        block.Pool(None, 2),
        block.Residual({"threshold": 1.0}, 6, 8, stride=2),
        block.Pool({"threshold": 1.0}, (1, 2)),
        block.Conv({"threshold": 1.0}, 8, 4, (1, 2), batch_norm=True),
    ]
    x = (torch.rand(2, 3, 12, 20, 4) < 0.5).float()
    grads: list[Tensor] = []
    for made in blocks:
        x = made(x)
        steps = x.movedim(-1, 0)
        assert channels_last(steps).data_ptr() == steps.data_ptr(), made.kind
        # Time and batch fold into one batch of channels-last images, by which convolutions choose their layout.
        assert steps.flatten(0, 1).is_contiguous(memory_format=torch.channels_last), made.kind
        x.register_hook(grads.append)
    (x * torch.randn(x.shape)).sum().backward()
    for grad in grads[1:]:
        assert channels_last(grad.movedim(-1, 0)).data_ptr() == grad.data_ptr()


@pytest.mark.parametrize("backend", ["plain", "compiled"])
def test_bfloat16_convolutions_and_float32_potentials(backend: str) -> None:
    torch.manual_seed(0)
    blocks = nn.Sequential(
        block.Conv({"threshold": 1.0}, 3, 6, 3, padding=1, batch_norm=True),
        block.Residual({"threshold": 1.0}, 6, 6),
        block.Readout(6 * 4 * 5, 3),
    )
    x = (torch.rand(2, 3, 4, 5, 4) < 0.5).float()
    with use(backend), torch.autocast("cpu", torch.bfloat16):
        spikes = blocks[1](blocks[0](x))
        out = blocks[2](spikes)
    assert spikes.dtype == torch.bfloat16
    assert set(spikes.unique().tolist()) == {0, 1}
    assert out.dtype == torch.float32
    out.sum().backward()
    for parameter in blocks.parameters():
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        assert bool(torch.isfinite(parameter.grad).all())
    assert blocks[0].branches[0].norm.running_mean.dtype == torch.float32
