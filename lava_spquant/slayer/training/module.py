"""The Lightning module of a classifier of static images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torchmetrics.classification import MulticlassAccuracy

from lava_spquant.slayer.loss import LOSSES, mean_output
from lava_spquant.slayer.network import SpikingNetwork

__all__ = ["Classifier", "TrainingConfig", "cosine_with_warmup"]


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate, weight_decay : float
        Of AdamW.
    warmup_epochs : float
        Linear rise of the learning rate before its cosine decay to zero.
    loss : {"tet", "mean"}
    lam : float
        Weight of TET's mean-square term; ignored by the others.
    gradient_clip : float
        Largest gradient norm; 0 does not clip.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_epochs: float = 1.0
    loss: str = "tet"
    lam: float = 0.05
    gradient_clip: float = 0.0

    def __post_init__(self) -> None:
        for what in ("epochs", "batch_size"):
            if getattr(self, what) < 1:
                raise ValueError(f"training: {what}: found {getattr(self, what)}, expected at least 1")
        if not self.learning_rate > 0:
            raise ValueError(f"training: learning_rate: found {self.learning_rate}, expected a positive number")
        for what in ("weight_decay", "warmup_epochs", "gradient_clip"):
            if getattr(self, what) < 0:
                raise ValueError(f"training: {what}: found {getattr(self, what)}, expected at least 0")
        if self.loss not in LOSSES:
            raise ValueError(f"training: loss: found {self.loss!r}, expected one of {', '.join(LOSSES)}")
        if not 0 <= self.lam <= 1:
            raise ValueError(f"training: lam: found {self.lam}, expected 0..1")

    def make_loss(self) -> nn.Module:
        """Return the loss on the read-out's running sum."""
        return LOSSES[self.loss](self.lam) if self.loss == "tet" else LOSSES[self.loss]()


def cosine_with_warmup(step: int, warmup: float, total: int) -> float:
    """Return the learning rate's factor at `step`: linear to 1 over `warmup` steps, then cosine to 0.

    Examples
    --------
    >>> [round(cosine_with_warmup(s, 2, 6), 3) for s in range(6)]
    [0.333, 0.667, 1.0, 0.854, 0.5, 0.146]
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


class Classifier(L.LightningModule):
    """Trains a `SpikingNetwork` that ends in a read-out on (uint8 image, label) batches.

    Validation and test run the network in `eval()`, so the accuracies they log are the integer network's.

    Parameters
    ----------
    model : SpikingNetwork
    training : TrainingConfig
    encode : callable
        Maps images (N, C, H, W) uint8 to the network's input NCHWT.
    classes : int
    augment : callable or None
        Maps images and a generator to images of the same shape, in training only.
    seed : int
        Of the augmentation; step s draws from `seed` and s alone, so that training resumes exactly.
    hyper_parameters : dict
        Plain values kept in the checkpoint.
    """

    def __init__(
        self,
        model: SpikingNetwork,
        training: TrainingConfig,
        encode: Callable[[Tensor], Tensor],
        classes: int,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
        seed: int = 0,
        hyper_parameters: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model, self.encode, self.augment, self.seed = model, encode, augment, seed
        # `training` is the mode flag of every torch module.
        self.config = training
        self.loss = training.make_loss()
        self.train_accuracy = MulticlassAccuracy(classes, average="micro")
        self.valid_accuracy = MulticlassAccuracy(classes, average="micro")
        self.save_hyperparameters(hyper_parameters or {})

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one batch.

        Raises
        ------
        ValueError
            If the loss is not finite.
        """
        images, labels = batch
        if self.augment is not None:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.global_step)
            images = self.augment(images, generator)
        output = self.model(self.encode(images))
        loss: Tensor = self.loss(output, labels)
        if not bool(torch.isfinite(loss)):
            raise ValueError(
                f"training: loss at step {self.global_step}: found {loss.item()}, expected a finite number"
            )
        self.train_accuracy(mean_output(output.detach()), labels)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_accuracy", self.train_accuracy, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Count the integer network's correct answers on one batch."""
        self._count(batch, "valid_accuracy")

    def test_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Count the integer network's correct answers on one batch."""
        self._count(batch, "test_accuracy")

    def _count(self, batch: tuple[Tensor, Tensor], name: str) -> None:
        images, labels = batch
        self.valid_accuracy(mean_output(self.model(self.encode(images))), labels)
        self.log(name, self.valid_accuracy, prog_bar=True, on_step=False, on_epoch=True)

    def configure_optimizers(self) -> Any:
        """Return AdamW with a warm-up and cosine schedule per step."""
        config = self.config
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=config.learning_rate)
        total = int(self.trainer.estimated_stepping_batches)
        warmup = config.warmup_epochs * total / config.epochs
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: cosine_with_warmup(s, warmup, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
