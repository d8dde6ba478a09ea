"""Learning-rate schedules: the factor at each optimiser step, after a linear warm-up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_spquant.slayer.training.config import TrainingConfig

__all__ = ["SCHEDULES", "cosine_with_warmup", "learning_rate_factor", "steps_with_warmup", "warmup_factor"]

SCHEDULES = ("cosine", "constant", "step")


def warmup_factor(step: int, warmup: float) -> float:
    """Return the factor of a linear rise that reaches 1 after `warmup` steps, and stays there.

    Examples
    --------
    >>> [round(warmup_factor(s, 2), 3) for s in range(4)]
    [0.333, 0.667, 1.0, 1.0]
    """
    return (step + 1) / (warmup + 1) if step < warmup else 1.0


def cosine_with_warmup(step: int, warmup: float, total: int) -> float:
    """Return the learning rate's factor at `step`: linear to 1 over `warmup` steps, then cosine to 0.

    Examples
    --------
    >>> [round(cosine_with_warmup(s, 2, 6), 3) for s in range(6)]
    [0.333, 0.667, 1.0, 0.854, 0.5, 0.146]
    """
    if step < warmup:
        return warmup_factor(step, warmup)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def steps_with_warmup(step: int, warmup: float, length: float, factor: float) -> float:
    """Return the learning rate's factor at `step`: multiplied by `factor` every `length` steps from the first on.

    Examples
    --------
    >>> [round(steps_with_warmup(s, 1, 2, 0.1), 3) for s in range(6)]
    [0.5, 1.0, 0.1, 0.1, 0.01, 0.01]
    """
    # A whole number of steps per epoch is not always exact in floats.
    return float(warmup_factor(step, warmup) * factor ** math.floor(step / length + 1e-9))


def learning_rate_factor(config: TrainingConfig, total: int) -> Callable[[int], float]:
    """Return what maps an optimiser step to the learning rate's factor.

    Parameters
    ----------
    config : TrainingConfig
    total : int
        Optimiser steps in all of its epochs.
    """
    warmup = config.warmup_epochs * total / config.epochs
    if config.schedule == "cosine":
        return lambda step: cosine_with_warmup(step, warmup, total)
    if config.schedule == "step":
        length = config.step_epochs * total / config.epochs
        return lambda step: steps_with_warmup(step, warmup, length, config.step_factor)
    return lambda step: warmup_factor(step, warmup)
