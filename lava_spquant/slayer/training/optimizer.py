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


def make_optimizer(
    parameters: Iterable[nn.Parameter], config: TrainingConfig, predictors: Iterable[nn.Parameter] = ()
) -> Optimizer:
    """Return the optimiser that `config` names.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        Only matrices and kernels are decayed.
    config : TrainingConfig
    predictors : iterable of torch.nn.Parameter
        Those of them that belong to predictors, which have a learning rate of their own.
    """
    apart = {id(parameter) for parameter in predictors} if config.gate_learning_rate else set()
    everything = list(parameters)
    groups: Groups = []
    for own, rate in ((False, config.learning_rate), (True, config.gate_learning_rate)):
        some = [p for p in everything if (id(p) in apart) is own]
        for matrices, decay in ((True, config.weight_decay), (False, 0.0)):
            chosen = [p for p in some if (p.ndim > 1) is matrices]
            if chosen or not own:
                groups.append({"params": chosen, "weight_decay": decay, "lr": rate})
    return OPTIMIZERS[config.optimizer](groups, config)
