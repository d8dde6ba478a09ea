"""Checkpointed blocks learn what others learn, and keep less."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch import Tensor, nn

from lava_spquant.slayer import QLifConfig, block
from tests.slayer.neuron.op.test_models import assert_same_training


def blocks(checkpoint: bool) -> nn.Sequential:
    torch.manual_seed(0)
    neuron = QLifConfig(checkpoint=checkpoint)
    return nn.Sequential(
        block.Conv(neuron, 2, 6, (3, 1), batch_norm=True, bias=True),
        block.Residual(neuron, 6, 8, stride=2),
        block.Dense(neuron, 8 * 2 * 4, 5, batch_norm=True),
    )


def step(model: nn.Sequential, x: Tensor) -> list[Tensor]:
    out = model(x)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(0)))
    return [out.detach(), *(p.grad for p in model.parameters() if p.grad is not None), *model.buffers()]


@pytest.mark.parametrize("static", [True, False])
def test_gradients_and_running_statistics_are_the_same(static: bool) -> None:
    image = (torch.rand(2, 2, 6, 7, 1, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    x = image.expand(2, 2, 6, 7, 5) if static else image.repeat(1, 1, 1, 1, 5)
    plain, kept = blocks(False), blocks(True)
    expected, found = step(plain, x), step(kept, x)
    assert torch.equal(found[0], expected[0])
    assert_same_training(found, expected)
    for one, other in zip(kept.buffers(), plain.buffers(), strict=True):
        assert torch.equal(one, other)


def kept_values(model: nn.Module, x: Tensor) -> int:
    """Number of values that autograd keeps, each memory counted once."""
    seen: dict[int, int] = {}

    def note(t: Tensor) -> Tensor:
        seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        out = model(x)
    del out
    return sum(seen.values()) // 4


def test_less_is_kept() -> None:
    x = torch.ones(2, 4, 9, 8, 6)
    one = block.Conv(QLifConfig(), 4, 16, 3, padding=1, batch_norm=True)
    two = block.Conv(QLifConfig(checkpoint=True), 4, 16, 3, padding=1, batch_norm=True)
    # Accumulators, the input (in bytes where convolutions take them), and what is small.
    assert 17 * 9 * 8 * 2 * 6 <= kept_values(one, x) < 23 * 9 * 8 * 2 * 6
    assert kept_values(two, x) < 5 * 9 * 8 * 2 * 6


def test_spikes_are_kept_as_bits() -> None:
    """Of three blocks on 64 steps, nothing as large as a block's spikes outlives the forward pass."""
    torch.manual_seed(0)
    neuron = QLifConfig(checkpoint=True)
    model = nn.Sequential(*(block.Conv(neuron, 4, 4, 3, padding=1, batch_norm=True) for _ in range(3)))
    x = (torch.rand(2, 4, 9, 8, 64) < 0.5).float()
    before = tensors()
    out = model(x)
    found = [size for key, size in tensors().items() if key not in before]
    assert sum(found) < out.untyped_storage().nbytes() * (1 + 3 / 16)
    out.sum().backward()


def tensors() -> dict[int, int]:
    """Return the bytes of every tensor's memory that is alive, autograd's included."""
    gc.collect()
    alive = (item for item in gc.get_objects() if issubclass(type(item), Tensor))
    return {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in alive}


def test_without_gradients_nothing_is_recomputed() -> None:
    model = blocks(True)
    other = copy.deepcopy(model)
    x = torch.ones(2, 2, 6, 7, 3)
    with torch.no_grad():
        out = model(x)
    assert torch.equal(out, other(x))
    assert not out.requires_grad
