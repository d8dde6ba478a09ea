"""Optimisers by the name that recipes use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from lava_spquant.slayer.training.config import TrainingConfig

__all__ = ["OPTIMIZERS", "make_optimizer"]

Groups = list[dict[str, Any]]

OPTIMIZERS: dict[str, Callable[[Groups, TrainingConfig], Optimizer]] = {
    "adamw": lambda groups, config: torch.optim.AdamW(groups, lr=config.learning_rate),
    "adam": lambda groups, config: torch.optim.Adam(groups, lr=config.learning_rate),
    "sgd": lambda groups, config: torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum),
}


def make_optimizer(parameters: Iterable[nn.Parameter], config: TrainingConfig) -> Optimizer:
    """Return the optimiser that `config` names; of `parameters`, only matrices and kernels are decayed."""
    everything = list(parameters)
    decayed = [p for p in everything if p.ndim > 1]
    plain = [p for p in everything if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return OPTIMIZERS[config.optimizer](groups, config)
