"""The Lightning module of a classifier of static images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torchmetrics.classification import MulticlassAccuracy

from lava_spquant.slayer.gate import part_of_batch
from lava_spquant.slayer.loss import TemporalEfficientTraining, mean_output
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.norm import BatchNorm, on_the_whole_batch, sum_over_processes
from lava_spquant.slayer.training.batches import EpochBatches
from lava_spquant.slayer.training.config import TrainingConfig
from lava_spquant.slayer.training.distillation import distillation_loss, frozen
from lava_spquant.slayer.training.gates import Predictors
from lava_spquant.slayer.training.gradual import GradualSpikes
from lava_spquant.slayer.training.optimizer import make_optimizer
from lava_spquant.slayer.training.raised import RaisedThresholds
from lava_spquant.slayer.training.random_state import random_state, restore_random_state
from lava_spquant.slayer.training.schedule import learning_rate_factor
from lava_spquant.slayer.training.shares import Share, process_rank
from lava_spquant.slayer.training.spike_cost import SpikeCost
from lava_spquant.slayer.training.spike_rate import SpikeRates

__all__ = ["TRAINING_STATE", "Classifier"]

TRAINING_STATE = "lava_spquant_training"
"""Under which key a checkpoint holds what Lightning does not keep."""

Augment = Callable[[Tensor, torch.Generator, Share], Tensor]
"""Maps images, a generator and their place in the batch to images of the same shape."""


class Classifier(L.LightningModule):
    """Trains a `SpikingNetwork` that ends in a read-out on (uint8 image, label) batches.

    Validation and test run the network in `eval()`, so the accuracies they log are the integer network's.
    Several processes (DDP) that take their batches from `batch_loader` compute loss and gradient of the whole batch.
    What a recipe times in epochs moves batch by batch, or epoch by epoch where an epoch's number of batches is unknown:
    an endless stream stays in its first, unless `limit_train_batches` cuts it into some.

    Parameters
    ----------
    model : SpikingNetwork
    training : TrainingConfig
    encode : callable
        Maps images (N, C, H, W) uint8 to the network's input NCHWT.
    classes : int
    augment : callable or None
        Maps images, a generator and a `Share` to images of the same shape, in training only. The generator is the
        whole batch's: to augment an image alike on any number of processes, draw for all `share.total` of them.
    seed : int
        Of the augmentation; batch b draws from `seed` and b alone, so that training resumes exactly.
    hyper_parameters : dict
        Plain values kept in the checkpoint.
    costs : sequence of float
        Synaptic operations that one spike of each block causes, where `training.synops_penalty` puts a price on them.
    teacher : SpikingNetwork, optional
        Network whose answers count `training.distillation` in the loss. It is not trained.

    Attributes
    ----------
    batches_done : int
        Batches trained on so far, over all epochs.
    """

    def __init__(
        self,
        model: SpikingNetwork,
        training: TrainingConfig,
        encode: Callable[[Tensor], Tensor],
        classes: int,
        augment: Augment | None = None,
        seed: int = 0,
        hyper_parameters: dict[str, Any] | None = None,
        *,
        costs: Sequence[float] = (),
        teacher: SpikingNetwork | None = None,
    ) -> None:
        super().__init__()
        self.model, self.encode, self.augment, self.seed = model, encode, augment, seed
        # `training` is the mode flag of every torch module.
        self.config = training
        self.loss = training.make_loss()
        self.rates = SpikeRates(model, training.rate_targets or training.rate_target) if training.rate_penalty else None
        self.cost = SpikeCost(model, costs, training.synops_target) if training.synops_penalty else None
        # In a tuple it is no module of this one: it is not trained, counted or kept.
        self.teachers = (frozen(teacher),) if teacher is not None else ()
        self.predictors = Predictors(model, training)
        self.raised = RaisedThresholds(model, training.threshold_raise, seed) if training.threshold_raise else None
        self.gradual = GradualSpikes(model, training.graded_epochs) if training.graded_epochs else None
        self.train_accuracy = MulticlassAccuracy(classes, average="micro")
        self.valid_accuracy = MulticlassAccuracy(classes, average="micro")
        self.batches_done = 0
        self._random_state: dict[str, Any] | None = None
        self.save_hyperparameters(hyper_parameters or {})

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict[str, Tensor]:
        """Return the loss of one batch, and the same, detached, as `batch_loss`.

        In several processes its mean over them is the mean over the whole batch.

        Raises
        ------
        ValueError
            If the loss is not finite.
        """
        images, labels = batch
        number = self._number(index)
        share = self._share(self.trainer.train_dataloader, index, len(labels))
        if self.augment is not None:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
            images = self.augment(images, generator, share)
        self._prepare(number)
        whole = on_the_whole_batch() if share.repeated else nullcontext()
        with whole, part_of_batch(share.start, share.total):
            x = self.encode(images)
            output = self.model(x)
        self._follow_thresholds()
        loss = self._loss(x, output, labels, share)
        if not bool(torch.isfinite(loss)):
            raise ValueError(f"training: loss at step {number}: found {loss.item()}, expected a finite number")
        if not share.repeated or process_rank() == 0:
            self.train_accuracy.update(mean_output(output.detach()), labels)
        self.batches_done = number + 1
        self.log("train_loss", loss.detach(), prog_bar=True, logger=False)
        return {"loss": loss * self._group_factor(index), "batch_loss": loss.detach()}

    def _loss(self, x: Tensor, output: Tensor, labels: Tensor, share: Share) -> Tensor:
        config = self.config
        loss: Tensor = self.loss(output, labels) * share.weight
        for teacher in self.teachers:
            with torch.no_grad():
                # Lightning moves what it knows of.
                taught = teacher.to(x.device)(x)
            told = distillation_loss(output, taught, config.temperature) * share.weight
            loss = (1 - config.distillation) * loss + config.distillation * told
        if self.rates is not None:
            loss = loss + config.rate_penalty * self.rates.penalty(share.weight)
        if self.cost is not None:
            loss = loss + config.synops_penalty * self.cost.penalty(len(labels), share.weight)
        if self.predictors:
            loss = loss + self.predictors.loss() * share.weight
        return loss

    def _prepare(self, number: int) -> None:
        """Do what the recipe wants of the model in this batch."""
        if self.raised is not None:
            self.raised.draw(number)
        epoch = self._epoch(number)
        if self.gradual is not None:
            self.gradual.prepare(epoch)
        self.predictors.prepare(epoch)
        if self.config.freeze_norm:
            for module in self.model.modules():
                if isinstance(module, BatchNorm):
                    module.eval()

    def _follow_thresholds(self) -> None:
        """Let TET's target be the mean of the learned thresholds, as in LT-SNN."""
        mean = self.model.mean_threshold()
        if mean is not None and isinstance(self.loss, TemporalEfficientTraining):
            self.loss.target = mean

    def on_train_epoch_start(self) -> None:
        """Count answers anew."""
        self.train_accuracy.reset()

    def on_fit_start(self) -> None:
        """Have neurons watched, where the recipe puts a price on what they send."""
        for watch in (self.rates, self.cost):
            if watch is not None:
                watch.begin()

    def on_fit_end(self) -> None:
        """Leave the model as it came: whoever goes on with it has no use for what is noted in training."""
        for watch in (self.rates, self.cost):
            if watch is not None:
                watch.end()

    def on_train_start(self) -> None:
        """Go on with the random numbers of a checkpoint, and behind the batches of its epoch."""
        sampler = getattr(self.trainer.train_dataloader, "sampler", None)
        if isinstance(sampler, EpochBatches):
            sampler.start_at(self.batches_done % int(self.trainer.num_training_batches))
        if self._random_state is not None:
            restore_random_state(self._random_state)
            self._random_state = None

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Count the integer network's correct answers on one batch."""
        self._count(batch, index, self.trainer.val_dataloaders, "valid_accuracy")

    def test_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Count the integer network's correct answers on one batch."""
        self._count(batch, index, self.trainer.test_dataloaders, "test_accuracy")

    def _count(self, batch: tuple[Tensor, Tensor], index: int, loader: Any, name: str) -> None:
        images, labels = batch
        if not self._share(loader, index, len(labels)).repeated or process_rank() == 0:
            # Integers in floats need all of their bits, whatever training's precision is.
            with torch.autocast(self.device.type, enabled=False):
                self.valid_accuracy.update(mean_output(self.model(self.encode(images))), labels)
        # Validation's goes into the row of its epoch instead.
        logger = False if name == "valid_accuracy" else None
        self.log(name, self.valid_accuracy, prog_bar=True, logger=logger, on_step=False, on_epoch=True)

    def _number(self, index: int) -> int:
        """Return which batch of the whole training this is; those of a stream without length are counted."""
        length = self.trainer.num_training_batches
        return self.current_epoch * int(length) + index if math.isfinite(length) else self.batches_done

    def _epoch(self, number: int) -> float:
        """Return at which epoch, counted from 0.0, batch `number` begins; without length, at which its epoch begins."""
        length = self.trainer.num_training_batches
        return number / length if math.isfinite(length) else float(self.current_epoch)

    def _group_factor(self, index: int) -> float:
        """Return what makes a sum over batches, each divided by `accumulate_grad_batches`, their mean.

        It is 1 but in an epoch's last group, which may have fewer batches.
        """
        full, length = self.trainer.accumulate_grad_batches, self.trainer.num_training_batches
        return full / min(full, length - index // full * full)

    @staticmethod
    def _share(loader: Any, index: int, size: int) -> Share:
        """Return the part of the batch that `loader` handed out; another loader's batches are each process's own."""
        sampler = getattr(loader, "sampler", None)
        return sampler.share(index) if isinstance(sampler, EpochBatches) else Share(0, size, size)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning leaves out: random numbers, and the answers counted in this epoch by all processes."""
        counted = {
            name: sum_over_processes(torch.as_tensor(value)) for name, value in self.train_accuracy.metric_state.items()
        }
        valid = self.trainer.callback_metrics.get("valid_accuracy")
        checkpoint[TRAINING_STATE] = {
            "batches": self.batches_done,
            "random": random_state(),
            "valid_accuracy": None if valid is None else float(valid),
            "train_accuracy": {name: value.cpu() for name, value in counted.items()},
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back; a checkpoint of an earlier release has none, and needs none."""
        state = checkpoint.get(TRAINING_STATE)
        if state is None:
            self.batches_done = int(checkpoint.get("global_step", 0))
            return
        self.batches_done = int(state["batches"])
        self._random_state = state["random"]
        # The sum goes to one process, as all are added up again.
        share = 1 if process_rank() == 0 else 0
        for name, value in state["train_accuracy"].items():
            getattr(self.train_accuracy, name).copy_(value * share)
        self.train_accuracy._update_count = 1

    def configure_optimizers(self) -> Any:
        """Return the optimiser, and its schedule per step."""
        optimizer = make_optimizer(self.model.parameters(), self.config, self.predictors.parameters())
        factor = learning_rate_factor(self.config, int(self.trainer.estimated_stepping_batches))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
