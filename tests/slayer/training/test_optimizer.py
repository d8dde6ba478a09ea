from __future__ import annotations

import pytest
import torch
from torch import nn

from lava_spquant.slayer.training import OPTIMIZERS, TrainingConfig, make_optimizer


def step(name: str, **options: float) -> tuple[nn.Parameter, nn.Parameter, torch.optim.Optimizer]:
    """Two steps with a gradient of one, on a matrix and a bias of ones."""
    matrix, bias = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    config = TrainingConfig(optimizer=name, learning_rate=0.1, weight_decay=0.5, **options)  # type: ignore[arg-type]
    optimizer = make_optimizer([matrix, bias], config)
    for _ in range(2):
        for parameter in (matrix, bias):
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    return matrix, bias, optimizer


def test_sgd_by_hand() -> None:
    matrix, bias, _ = step("sgd", momentum=0.5)
    # Bias: velocity 1, then 0.5 + 1. Matrix: 1 + 0.5 * 1, then 0.5 * 1.5 + 1 + 0.5 * 0.85.
    assert torch.allclose(bias, torch.full((2,), 1 - 0.1 * (1 + 1.5)))
    assert torch.allclose(matrix, torch.full((2, 2), 1 - 0.1 * (1.5 + 2.175)))
    assert torch.allclose(step("sgd", momentum=0.0)[1], torch.full((2,), 0.8))


def test_adam_with_and_without_decay_of_its_own() -> None:
    # A constant gradient moves either by the learning rate; AdamW's decay comes on top.
    for name in ("adam", "adamw"):
        assert torch.allclose(step(name)[1], torch.full((2,), 0.8), atol=1e-4)
    assert torch.allclose(step("adam")[0], torch.full((2, 2), 0.8), atol=1e-3)
    assert torch.allclose(step("adamw")[0], torch.full((2, 2), (0.95 - 0.1) * 0.95 - 0.1), atol=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_only_matrices_are_decayed(name: str) -> None:
    matrix, bias, optimizer = step(name)
    found = [(group["params"], group["weight_decay"], group["lr"]) for group in optimizer.param_groups]
    assert [(len(p), decay, rate) for p, decay, rate in found] == [(1, 0.5, 0.1), (1, 0.0, 0.1)]
    assert found[0][0][0] is matrix
    assert found[1][0][0] is bias


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_predictors_may_have_a_learning_rate_of_their_own(name: str) -> None:
    matrices, biases = ([nn.Parameter(torch.ones(*shape)) for _ in range(2)] for shape in ((2, 2), (2,)))
    everything, predictors = [*matrices, *biases], [biases[1], matrices[1]]
    config = TrainingConfig(optimizer=name, learning_rate=0.1, weight_decay=0.5, gate_learning_rate=0.01, momentum=0.0)
    groups = make_optimizer(everything, config, iter(predictors)).param_groups
    found = [([id(p) for p in group["params"]], group["lr"], group["weight_decay"]) for group in groups]
    assert found == [
        ([id(matrices[0])], 0.1, 0.5), ([id(biases[0])], 0.1, 0.0),
        ([id(matrices[1])], 0.01, 0.5), ([id(biases[1])], 0.01, 0.0),
    ]  # fmt: skip
    optimizer = make_optimizer(everything, config, iter(predictors))
    for parameter in everything:
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    moved = [1 - float(bias[0].detach()) for bias in biases]
    assert moved == pytest.approx([0.1, 0.01], rel=1e-3)


def test_predictors_without_one_learn_as_the_rest() -> None:
    matrix, bias = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    same = make_optimizer([matrix, bias], TrainingConfig(), iter([matrix])).param_groups
    assert [len(group["params"]) for group in same] == [1, 1]
    alone = make_optimizer([matrix, bias], TrainingConfig(gate_learning_rate=0.5), iter([matrix])).param_groups
    # No empty group of predictors; the first two are always there.
    assert [(len(group["params"]), group["lr"]) for group in alone] == [(0, 2e-3), (1, 2e-3), (1, 0.5)]
    none = make_optimizer([matrix, bias], TrainingConfig(gate_learning_rate=0.5)).param_groups
    assert [len(group["params"]) for group in none] == [1, 1]
