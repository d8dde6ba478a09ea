"""Whole models: every implementation trains the same, and torch.compile changes nothing."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.neuron.op import use
from tests.slayer.random_models import fixed_model, random_model, random_values


def training_step(model: SpikingNetwork, x: Tensor) -> list[Tensor]:
    """Output, gradients and buffers of one step."""
    out = model(x)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(0), dtype=out.dtype))
    return [out.detach(), *(p.grad for p in model.parameters() if p.grad is not None), *model.buffers()]


def input_of(model: SpikingNetwork, seed: int, steps: int = 4) -> Tensor:
    x = random_values(np.random.default_rng(seed), model.input_spec, steps, 3)
    return torch.from_numpy(x).float().movedim(0, -1)


def assert_same_training(one: list[Tensor], other: list[Tensor]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        # A weight in front of a batch-norm may have a gradient of 0 that is what rounding leaves of large terms.
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 + 1e-4 * b.abs().max().item())


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("membrane", ["ternary", "none", "int4", "int8"])
def test_random_models_train_alike(membrane: str, reset: str) -> None:
    for seed in range(8):
        model = random_model(seed, "sawb4", membrane, reset).train()
        if not list(model.parameters()):
            continue
        x = input_of(model, seed)
        found = []
        for backend in ("compiled", "plain"):
            with use(backend):
                found.append(training_step(copy.deepcopy(model), x))
        assert_same_training(*found)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_lively_model_trains_alike(threads: int) -> None:
    model = fixed_model("ternary", "ternary", "hard").train()
    x = input_of(model, 3)
    before = torch.get_num_threads()
    found = []
    try:
        torch.set_num_threads(threads)
        for backend in ("compiled", "plain"):
            with use(backend):
                found.append(training_step(copy.deepcopy(model), x))
    finally:
        torch.set_num_threads(before)
    assert torch.count_nonzero(found[0][0]) > 0
    assert_same_training(*found)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_by_torch(backend: str) -> None:
    torch.manual_seed(0)
    blocks = [
        block.Conv({"threshold": 1.0}, 2, 4, 3, batch_norm=True),
        block.Pool(None, 2),
        block.Readout(4 * 2 * 2, 3),
    ]
    model = SpikingNetwork(blocks, ir.InputSpec((2, 6, 7))).train()
    x = input_of(model, 4)
    plain, traced = copy.deepcopy(model), copy.deepcopy(model)
    expected = training_step(plain, x)
    torch._dynamo.reset()
    out = torch.compile(traced, backend=backend)(x)
    out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(0)))
    found = [out.detach(), *(p.grad for p in traced.parameters() if p.grad is not None), *traced.buffers()]
    assert_same_training(found, expected)
    torch._dynamo.reset()
