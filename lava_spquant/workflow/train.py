"""Training a recipe, with checkpoints that resume."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from lava_spquant import data
from lava_spquant.data.tensor import as_torch, random_shift, to_nchwt
from lava_spquant.ir import InputSpec
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import build_convnet
from lava_spquant.slayer.training import AtomicCheckpointIO, Classifier, batch_loader, read_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe, recipe_text

__all__ = ["LAST_CHECKPOINT", "TrainResult", "load_checkpoint", "train"]

log = logging.getLogger(__name__)

LAST_CHECKPOINT = "last.ckpt"
"""The checkpoint that training resumes from, renewed after every epoch."""

EVALUATION_BATCH = 500


@dataclass(frozen=True, eq=False)
class TrainResult:
    """What training left behind.

    Attributes
    ----------
    checkpoint : Path
    model : SpikingNetwork
        In `eval()` mode.
    accuracy : float
        Of the integer network on the whole test split, 0..1. The test split chooses nothing.
    """

    checkpoint: Path
    model: SpikingNetwork
    accuracy: float


def train(
    recipe: Recipe, folder: str | Path, *, data_path: str | Path | None = None, progress: bool = True
) -> TrainResult:
    """Train `recipe` into `folder`, going on where an earlier call was stopped.

    Parameters
    ----------
    recipe : Recipe
    folder : str or Path
        Receives `last.ckpt` after every epoch, `recipe.yaml` and the CSV log.
    data_path : str or Path, optional
        Where the data set lies; see `lava_spquant.data.load`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainResult

    Raises
    ------
    ValueError
        If `folder` holds a checkpoint of another recipe, or the loss stops being finite.
    KeyboardInterrupt
        On Ctrl-C; the last checkpoint stays whole and a further call resumes from it.
    """
    folder = Path(folder)
    splits = data.load(recipe.data.name, None if data_path is None else Path(data_path))
    shape, classes = splits.train.images.shape[1:], splits.train.num_classes
    L.seed_everything(recipe.seed, verbose=False)
    module = _classifier(recipe, shape, classes)
    resume = _checkpoint_of(recipe, folder)
    trainer = _trainer(recipe, folder, progress)
    test = batch_loader(as_torch(splits.test), EVALUATION_BATCH, shuffle=False)
    batches = batch_loader(as_torch(splits.train), recipe.training.batch_size, recipe.seed)
    with warnings.catch_warnings():
        # Lightning's advice on validation data, worker processes and folders in use: all of it is meant so here.
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        with _ctrl_c_raises(trainer):
            trainer.fit(module, batches, ckpt_path=resume)
        accuracy = float(trainer.test(module, test, verbose=False)[0]["test_accuracy"])
    module.model.eval()
    return TrainResult(folder / LAST_CHECKPOINT, module.model, accuracy)


@contextmanager
def _ctrl_c_raises(trainer: L.Trainer) -> Iterator[None]:
    """Turn Lightning's answer to Ctrl-C back into `KeyboardInterrupt`.

    Lightning ends the whole program (older releases: the fit only), and has SIGINT ignored from then on.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit:
        if not trainer.interrupted:
            raise
    if trainer.interrupted:
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt(f"training stopped in epoch {trainer.current_epoch}; call again to resume")


def _classifier(recipe: Recipe, shape: tuple[int, ...], classes: int) -> Classifier:
    kept = {"recipe": recipe_text(recipe), "shape": list(shape), "classes": classes}
    model = build_convnet(recipe.model, InputSpec(shape, 8), classes, recipe.name)

    def encode(images: Tensor) -> Tensor:
        return to_nchwt(images, recipe.data.steps)

    def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
        return random_shift(images, recipe.data.shift, generator)

    augment = shifted if recipe.data.shift else None
    return Classifier(model, recipe.training, encode, classes, augment, recipe.seed, kept)


def _trainer(recipe: Recipe, folder: Path, progress: bool) -> L.Trainer:
    keep = ModelCheckpoint(
        dirpath=folder, filename=Path(LAST_CHECKPOINT).stem, save_top_k=1, enable_version_counter=False
    )
    callbacks: list[Any] = [keep, RichProgressBar(leave=False)] if progress else [keep]
    return L.Trainer(
        max_epochs=recipe.training.epochs,
        accelerator="auto",
        devices=1,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=CSVLogger(folder, name="log", version=""),
        gradient_clip_val=recipe.training.gradient_clip or None,
        enable_progress_bar=progress,
        enable_model_summary=False,
        log_every_n_steps=10,
        deterministic=True,
    )


def _checkpoint_of(recipe: Recipe, folder: Path) -> Path | None:
    """Return the folder's checkpoint after checking that it belongs to `recipe`, but for its length."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LAST_CHECKPOINT
    if not path.exists():
        (folder / "recipe.yaml").write_text(recipe_text(recipe), encoding="utf-8")
        return None
    found, _ = load_checkpoint(path)
    same_length = replace(found, training=replace(found.training, epochs=recipe.training.epochs))
    if same_length != recipe:
        raise ValueError(
            f"{path}: recipe: found another one ({found.name}), expected the one given; choose another folder"
        )
    log.info("resuming from %s", path)
    return path


def load_checkpoint(path: str | Path) -> tuple[Recipe, SpikingNetwork]:
    """Return the recipe and the trained network, in `eval()` mode, of a checkpoint.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a checkpoint that `train` wrote.
    """
    checkpoint = read_checkpoint(path)
    kept = checkpoint.get("hyper_parameters", {})
    try:
        recipe = load_recipe(str(kept["recipe"]))
        spec = InputSpec(tuple(int(n) for n in kept["shape"]), 8)
        model = build_convnet(recipe.model, spec, int(kept["classes"]), recipe.name)
        prefix = "model."
        state = {k[len(prefix) :]: v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
        model.load_state_dict(state)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{path}: checkpoint: found no network of ours ({error}), expected one written by train"
        ) from error
    return recipe, model.eval()
