"""The Lightning trainer of a recipe: checkpoints, logs, precision and processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import lightning as L
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.callbacks import RichProgressBar

from lava_spquant.slayer.training import (
    AtomicCheckpointIO,
    KeepBest,
    KeepLast,
    RowLog,
    SameNumbers,
    StopEarly,
    make_loggers,
)
from lava_spquant.workflow.hardware import Hardware
from lava_spquant.workflow.recipe import Recipe

__all__ = ["BEST_CHECKPOINT", "LAST_CHECKPOINT", "make_trainer"]

LAST_CHECKPOINT = "last.ckpt"
"""The checkpoint that training resumes from, renewed after every epoch."""

BEST_CHECKPOINT = "best.ckpt"
"""That of the epoch with the best validation accuracy, where there is a validation split.

While predictors warm up and ramp, (nearly) everything is open, and an epoch says nothing of the network to come: those
epochs are not among them.
"""

VALID_ACCURACY = "valid_accuracy"


def make_trainer(
    recipe: Recipe, folder: Path, hardware: Hardware, done: int, progress: bool, callbacks: Sequence[L.Callback] = ()
) -> L.Trainer:
    """Return the trainer that trains `recipe` into `folder`, with torch's random numbers as they are now.

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
        If the hardware cannot compute in the recipe's precision, there are not so many devices, or validation has no
        epoch left to choose.
    """
    config = recipe.training
    try:
        trainer = L.Trainer(
            max_epochs=config.epochs,
            accelerator=hardware.backend(),
            devices=hardware.devices,
            num_nodes=hardware.num_nodes,
            strategy=hardware.strategy,
            precision=cast(Any, config.precision),
            callbacks=[*callbacks, *_callbacks(recipe, folder, progress)],
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


def _callbacks(recipe: Recipe, folder: Path, progress: bool) -> list[L.Callback]:
    """Return them in an order in which the checkpoint to resume from is written last, and knows of all before it."""
    config, settled = recipe.training, _settled(recipe)
    chosen: list[L.Callback] = [SameNumbers(), RowLog()]
    if progress:
        chosen.append(RichProgressBar(leave=False))
    if config.patience:
        chosen.append(StopEarly(VALID_ACCURACY, config.patience, settled))
    if config.validation:
        chosen.append(KeepBest(folder / BEST_CHECKPOINT, VALID_ACCURACY, settled))
    chosen.append(KeepLast(folder / LAST_CHECKPOINT, config.checkpoint_steps, config.checkpoint_minutes))
    return chosen


def _settled(recipe: Recipe) -> float:
    """Return after how many epochs predictors keep the share that they are meant to keep; 0 without predictors."""
    config = recipe.training
    settled = 0.0 if recipe.model.gates == "none" else config.gate_warmup_epochs + config.gate_ramp_epochs
    if config.validation and config.epochs <= settled:
        raise ValueError(
            f"training: epochs: found {config.epochs}, expected more than the {settled:g} of gate_warmup_epochs and "
            "gate_ramp_epochs, after which validation chooses"
        )
    return settled
