"""Predictors in training: their loss, and when they begin to close something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lava_spquant.slayer.block import Gated

if TYPE_CHECKING:
    from lava_spquant.slayer.training.config import TrainingConfig

__all__ = ["Predictors"]


class Predictors:
    """Steers the predictors of a model by a recipe, and sums their losses.

    Parameters
    ----------
    model : torch.nn.Module
    config : TrainingConfig
        Its fields that begin with `gate_`.
    """

    def __init__(self, model: nn.Module, config: TrainingConfig) -> None:
        self.blocks = [module for module in model.modules() if isinstance(module, Gated)]
        self.config = config

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self.blocks)

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the predictors' own parameters."""
        for block in self.blocks:
            yield from block.predictors.parameters()

    def prepare(self, epoch: float) -> None:
        """Set what a batch that begins at `epoch`, counted from 0.0, wants of the predictors."""
        config = self.config
        since = epoch - config.gate_warmup_epochs
        risen = min(max(since, 0.0) / config.gate_ramp_epochs, 1.0) if config.gate_ramp_epochs else 1.0
        for block in self.blocks:
            block.dense = since < 0
            for gate in block.gates.values():
                gate.share = 1 - (1 - config.gate_share) * risen

    def loss(self) -> Tensor:
        """Return the predictors' weighted mean loss of the last forward pass, and forget it."""
        return self.config.gate_loss * torch.stack([block.take_loss() for block in self.blocks]).mean()

    def open_share(self) -> float:
        """Return the mean share that is open in the last forward pass."""
        shares = [share for block in self.blocks for share in block.open_share.values()]
        return sum(shares) / len(shares)
