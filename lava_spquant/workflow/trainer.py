"""The Lightning trainer of a recipe: checkpoints, logs, precision and processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import lightning as L
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar

from lava_spquant.slayer.training import AtomicCheckpointIO, KeepLast, RowLog, StopEarly, make_loggers
from lava_spquant.slayer.training.config import TrainingConfig
from lava_spquant.workflow.hardware import Hardware
from lava_spquant.workflow.recipe import Recipe

__all__ = ["BEST_CHECKPOINT", "LAST_CHECKPOINT", "make_trainer"]

LAST_CHECKPOINT = "last.ckpt"
"""The checkpoint that training resumes from, renewed after every epoch."""

BEST_CHECKPOINT = "best.ckpt"
"""That of the epoch with the best validation accuracy, where there is a validation split."""

VALID_ACCURACY = "valid_accuracy"


def make_trainer(
    recipe: Recipe, folder: Path, hardware: Hardware, done: int, progress: bool, callbacks: Sequence[L.Callback] = ()
) -> L.Trainer:
    """Return the trainer that trains `recipe` into `folder`.

    Parameters
    ----------
    recipe : Recipe
    folder : Path
    hardware : Hardware
    done : int
        Batches that the checkpoint to resume from holds.
    progress : bool
        Show a progress bar.
    callbacks : sequence of lightning.Callback
        Called before ours.

    Raises
    ------
    ValueError
        If the hardware cannot compute in the recipe's precision, or there are not so many devices.
    """
    config = recipe.training
    try:
        trainer = L.Trainer(
            max_epochs=config.epochs,
            accelerator=hardware.accelerator,
            devices=hardware.devices,
            num_nodes=hardware.num_nodes,
            strategy=hardware.strategy,
            precision=cast(Any, config.precision),
            callbacks=[*callbacks, *_callbacks(config, folder, progress)],
            plugins=[AtomicCheckpointIO()],
            logger=make_loggers(folder, done),
            gradient_clip_val=config.gradient_clip or None,
            accumulate_grad_batches=config.accumulate_grad_batches,
            # Batches are shared out by `batch_loader`, which Lightning's sampler would shuffle differently.
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            enable_progress_bar=progress,
            enable_model_summary=False,
            deterministic=True,
        )
    except RuntimeError as error:  # Lightning's MisconfigurationException among them
        raise ValueError(f"hardware: {error}") from error
    if config.precision == "16-mixed" and isinstance(trainer.accelerator, CPUAccelerator):
        raise ValueError("training: precision: found '16-mixed' on a CPU, expected bf16-mixed or 32")
    return trainer


def _callbacks(config: TrainingConfig, folder: Path, progress: bool) -> list[L.Callback]:
    """Return them in an order in which the checkpoint to resume from is written last, and knows of all before it."""
    chosen: list[L.Callback] = [RowLog()]
    if progress:
        chosen.append(RichProgressBar(leave=False))
    if config.patience:
        chosen.append(StopEarly(VALID_ACCURACY, config.patience))
    if config.validation:
        best = ModelCheckpoint(
            dirpath=folder,
            filename=Path(BEST_CHECKPOINT).stem,
            monitor=VALID_ACCURACY,
            mode="max",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        chosen.append(best)
    chosen.append(KeepLast(folder / LAST_CHECKPOINT, config.checkpoint_steps, config.checkpoint_minutes))
    return chosen
