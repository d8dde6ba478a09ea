"""Training a recipe, with checkpoints that resume."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import torch
from torch import Tensor

from lava_spquant.data import EventData, EventSplit, ImageData, ImageSplit, holdout
from lava_spquant.data.tensor import as_torch, augmenter, encoder
from lava_spquant.ir import InputSpec
from lava_spquant.report import spike_costs
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import build_convnet
from lava_spquant.slayer.training import (
    TRAINING_STATE,
    Classifier,
    Share,
    batch_loader,
    cut_rows,
    read_checkpoint,
    remove_leftovers,
    write_row,
)
from lava_spquant.workflow.checkpoint import load_checkpoint
from lava_spquant.workflow.determinism import deterministic
from lava_spquant.workflow.hardware import Hardware, is_first_process
from lava_spquant.workflow.interrupt import ctrl_c_raises
from lava_spquant.workflow.proof import prove
from lava_spquant.workflow.recipe import Recipe, recipe_text
from lava_spquant.workflow.renormalised import settle
from lava_spquant.workflow.resuming import Beginning, beginning
from lava_spquant.workflow.trainer import BEST_CHECKPOINT, LAST_CHECKPOINT, make_trainer

__all__ = ["BEST_CHECKPOINT", "LAST_CHECKPOINT", "TrainResult", "load_checkpoint", "train", "training_parts"]

EVALUATION_BATCH = 500

Samples = ImageSplit | EventSplit


@dataclass(frozen=True, eq=False)
class TrainResult:
    """What training left behind.

    Attributes
    ----------
    checkpoint : Path
        Of the network below: `best.ckpt` where a validation split chose the epoch, else `last.ckpt`, also where a
        callback stopped training while predictors still closed (nearly) nothing.
    model : SpikingNetwork
        In `eval()` mode.
    accuracy : float
        Of the integer network on the whole test split, 0..1. The test split chooses nothing.
    valid_accuracy : float or None
        Of the integer network on the validation split, where that chose the epoch: what a search over recipes may
        choose by.
    """

    checkpoint: Path
    model: SpikingNetwork
    accuracy: float
    valid_accuracy: float | None = None


def train(
    recipe: Recipe,
    folder: str | Path,
    *,
    data_path: str | Path | None = None,
    progress: bool = True,
    hardware: Hardware | None = None,
    callbacks: Sequence[L.Callback] = (),
    initial: SpikingNetwork | str | Path | None = None,
    teacher: SpikingNetwork | str | Path | None = None,
) -> TrainResult:
    """Train `recipe` into `folder`, going on where an earlier call was stopped.

    A call that was stopped in whatever way, by Ctrl-C or by SIGKILL in the middle of an epoch, and called again gives
    the network, and the rows of the log, that it would have given without.

    With several processes every one of them makes this call, as Lightning and `torchrun` have it, and gets the
    result; only the first writes files.

    Parameters
    ----------
    recipe : Recipe
    folder : str or Path
        Receives `last.ckpt` after every epoch, `best.ckpt` where there is a validation split, `recipe.yaml`, and
        `log` with `metrics.csv` and TensorBoard's events.
    data_path : str or Path, optional
        Where the data set lies; see `lava_spquant.data.load`.
    progress : bool
        Show a progress bar.
    hardware : Hardware, optional
        By default one process, on a GPU where there is one.
    callbacks : sequence of lightning.Callback
        Called beside ours; `valid_accuracy` is among the trainer's `callback_metrics` after every epoch.
    initial : SpikingNetwork or path-like, optional
        A network, or a checkpoint of one, whose parameters training starts from: of the recipe's architecture, with
        any quantisers. A run that resumes goes on from its own checkpoint: it needs none, and refuses another.
    teacher : SpikingNetwork or path-like, optional
        A network, or a checkpoint of one, that reads and answers what this one does: `training.distillation` is the
        weight of its answers in the loss. A run that resumes needs it again.

    Returns
    -------
    TrainResult

    Raises
    ------
    ValueError
        If `folder` holds a checkpoint of another recipe, of a run that began from other weights than `initial`, or
        that no training wrote; `initial` or `teacher` does not fit the recipe's network, only one of teacher and
        `training.distillation` is given, the loss stops being finite, or the hardware cannot compute in the recipe's
        precision.
    NetworkError
        If something in the integer network could overflow: before training, when nothing is written yet, or behind it,
        when the checkpoint stays.
    KeyboardInterrupt
        On Ctrl-C; the last checkpoint stays whole and a further call resumes from it.
    """
    folder = Path(folder)
    splits = recipe.data.load(data_path)
    fitted, valid = training_parts(recipe, splits)
    # Making networks takes random numbers.
    taught_by, given = _taught_by(teacher, recipe), None if initial is None else _given(initial)
    begin = beginning(recipe, folder / LAST_CHECKPOINT, given)
    L.seed_everything(recipe.seed, verbose=False)
    module = _classifier(recipe, fitted, taught_by, begin.initial)
    if begin.checkpoint is None:
        if given is not None:
            _start_from(module.model, given)
        # What goes on was proved when it began, perhaps from other weights than these.
        prove(module.model, recipe.model)
    hardware = hardware or Hardware()
    _prepare(recipe, folder, begin, is_first_process(hardware.processes))
    with warnings.catch_warnings(), deterministic():
        # Lightning's advice on validation data, worker processes and folders in use: all of it is meant so here.
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        trainer = make_trainer(recipe, folder, hardware, begin.batches, progress, callbacks)
        batches = batch_loader(as_torch(fitted), recipe.training.batch_size, recipe.seed)
        with ctrl_c_raises(trainer):
            trainer.fit(module, batches, None if valid is None else _in_order(valid), ckpt_path=begin.checkpoint)
            if recipe.training.threshold_raise and not recipe.training.freeze_norm:
                settle(module.model, fitted, recipe.data.steps)
                trainer.save_checkpoint(folder / LAST_CHECKPOINT)
            return _result(trainer, module, splits.test, folder, recipe)


def _start_from(model: SpikingNetwork, given: SpikingNetwork) -> None:
    """Give `model` the parameters of another network of its architecture."""
    try:
        model.load_state_dict(given.state_dict())
    except RuntimeError as error:
        first = " ".join(str(error).split())[:200]
        raise ValueError(f"initial: found another architecture ({first}), expected that of {model.name}") from error


def training_parts(recipe: Recipe, splits: ImageData | EventData) -> tuple[Samples, Samples | None]:
    """Return what a recipe trains on, and what chooses the epoch; the test split does neither."""
    samples, share = recipe.data.samples, recipe.training.validation
    train: Samples = splits.train
    if samples and samples < len(train):
        _, train = holdout(train, samples, recipe.seed)
    if not share:
        return train, None
    return holdout(train, max(1, round(share * len(train))), recipe.seed)


def _in_order(split: Samples) -> torch.utils.data.DataLoader[tuple[Tensor, ...]]:
    return batch_loader(as_torch(split), EVALUATION_BATCH, shuffle=False)


def _result(trainer: L.Trainer, module: Classifier, test: Samples, folder: Path, recipe: Recipe) -> TrainResult:
    """Measure the network on the test split, and write that down."""
    path, valid_accuracy = folder / LAST_CHECKPOINT, None
    # A callback of the user's may have stopped before any epoch could be chosen.
    if recipe.training.validation and (folder / BEST_CHECKPOINT).exists():
        path = folder / BEST_CHECKPOINT
        best = read_checkpoint(path, module.device)
        module.load_state_dict(best["state_dict"])
        valid_accuracy = float(best[TRAINING_STATE]["valid_accuracy"])
    prove(module.model, recipe.model)
    # Lightning would number the row by optimiser steps, among rows that are numbered by batches.
    loggers, trainer.loggers = trainer.loggers, []
    accuracy = float(trainer.test(module, _in_order(test), verbose=False)[0]["test_accuracy"])
    trainer.loggers = loggers
    # Behind all batches, so that a further call writes it anew instead of once more.
    write_row(trainer, module.batches_done, {"test_accuracy": accuracy})
    for logger in loggers:
        logger.save()
    return TrainResult(path, module.model.cpu().eval(), accuracy, valid_accuracy)


def _given(network: SpikingNetwork | str | Path) -> SpikingNetwork:
    return network if isinstance(network, SpikingNetwork) else load_checkpoint(network)[1]


def _taught_by(teacher: SpikingNetwork | str | Path | None, recipe: Recipe) -> SpikingNetwork | None:
    weight = recipe.training.distillation
    if (teacher is None) != (weight == 0):
        found = "no teacher" if teacher is None else "a teacher"
        raise ValueError(f"training: distillation: found {weight:g} with {found}, expected both or neither")
    return None if teacher is None else _given(teacher)


def _classifier(recipe: Recipe, split: Samples, teacher: SpikingNetwork | None, initial: str | None) -> Classifier:
    shape, classes = split.shape, split.num_classes
    read = {"shape": list(shape), "bits": split.bits, "classes": classes}
    kept = {"recipe": recipe_text(recipe), "initial": initial, **read}
    model = build_convnet(recipe.model, InputSpec(shape, split.bits), classes, recipe.name)
    augmentation = recipe.data.augmentation()
    changed = augmenter(split, augmentation)

    def augment(samples: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        return changed(samples, generator, (share.start, share.total))

    if teacher is not None and (teacher.input_spec, teacher.to_ir().output_shape) != (model.input_spec, (classes,)):
        found, expected = (teacher.input_spec, teacher.to_ir().output_shape), (model.input_spec, (classes,))
        raise ValueError(f"training: teacher: found input and output {found}, expected {expected}")
    augmented = augment if augmentation else None
    costs = spike_costs(model.to_ir()) if recipe.training.synops_penalty else ()
    encode = encoder(split, recipe.data.steps)
    return Classifier(
        model, recipe.training, encode, classes, augmented, recipe.seed, kept, costs=costs, teacher=teacher
    )


def _prepare(recipe: Recipe, folder: Path, begin: Beginning, first: bool) -> None:
    """Leave in the folder what belongs to the batches done, and the recipe; only the first process does."""
    if first:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        cut_rows(folder, begin.batches)
        if begin.checkpoint is None:
            (folder / "recipe.yaml").write_text(recipe_text(recipe), encoding="utf-8")
