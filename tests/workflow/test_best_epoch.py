"""Validation chooses the best epoch, and stopped, resumed and moved runs choose the same."""

from __future__ import annotations

import csv
from pathlib import Path

import lightning as L
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lava_spquant.data import DATASETS, ImageData, ImageSplit
from lava_spquant.slayer.training import Classifier, KeepBest, read_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import BEST_CHECKPOINT, LAST_CHECKPOINT, load_checkpoint, train
from tests.workflow.bright_rows import TEXT, StopAfter, assert_same_weights, bright_rows, stop_in_epoch


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    return bright_rows(monkeypatch)


class ValidAccuracies(L.Callback):
    """Lets validation find the given accuracies, one an epoch, whatever the network is worth."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        trainer.callback_metrics["valid_accuracy"].fill_(self.values[trainer.current_epoch])


VALIDATED = [*(f"training.{field}" for field in ("epochs=6", "validation=0.25", "patience=2", "batch_size=10"))]
CURVE = [0.2, 0.6, 0.5, 0.6, 0.9, 0.9]
"""Epoch 1 is the best, and two epochs later patience runs out."""
WORSE = [0.2, 0.6, 0.5, 0.4, 0.5, 0.4]
"""Epoch 1 is the best."""


def test_the_result_is_the_best_epochs_network(recipe: Recipe, tmp_path: Path) -> None:
    chosen = load_recipe(TEXT, VALIDATED)
    result = train(chosen, tmp_path / "run", progress=False, callbacks=[ValidAccuracies(CURVE)])
    assert result.checkpoint == tmp_path / "run" / BEST_CHECKPOINT
    assert result.valid_accuracy == pytest.approx(0.6)
    epochs = [read_checkpoint(tmp_path / "run" / name)["epoch"] for name in (BEST_CHECKPOINT, LAST_CHECKPOINT)]
    assert epochs == [1, 3]
    assert_same_weights(load_checkpoint(result.checkpoint)[1], result.model)
    # It is what two epochs of the same schedule make.
    go_on = load_recipe(TEXT, [*VALIDATED, "training.patience=0"])
    stopped = StopAfter(2)
    train(go_on, tmp_path / "short", progress=False, callbacks=[ValidAccuracies(CURVE), stopped])
    assert_same_weights(load_checkpoint(tmp_path / "short" / LAST_CHECKPOINT)[1], result.model)


@pytest.mark.parametrize("epoch", [1, 3])
def test_patience_is_resumed_too(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    chosen, curve = load_recipe(TEXT, VALIDATED), ValidAccuracies(CURVE)
    straight = train(chosen, tmp_path / "straight", progress=False, callbacks=[curve])
    go_on = stop_in_epoch(monkeypatch, epoch, RuntimeError("power cut"))
    with pytest.raises(RuntimeError, match="power cut"):
        train(chosen, tmp_path / "stopped", progress=False, callbacks=[curve])
    go_on()
    for _ in range(2):  # the second call finds that patience ran out
        resumed = train(chosen, tmp_path / "stopped", progress=False, callbacks=[curve])
        assert read_checkpoint(tmp_path / "stopped" / LAST_CHECKPOINT)["epoch"] == 3
        assert_same_weights(resumed.model, straight.model)
        assert resumed.valid_accuracy == straight.valid_accuracy


def test_a_run_that_is_moved_keeps_its_best_epoch(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, curve = load_recipe(TEXT, [*VALIDATED, "training.patience=0"]), ValidAccuracies(WORSE)
    folder = tmp_path / "run"
    for epoch in (2, 4):
        go_on = stop_in_epoch(monkeypatch, epoch, RuntimeError("power cut"))
        with pytest.raises(RuntimeError, match="power cut"):
            train(chosen, folder, progress=False, callbacks=[curve])
        go_on()
        folder = folder.rename(tmp_path / f"moved-{epoch}")
    result = train(chosen, folder, progress=False, callbacks=[curve])
    assert result.valid_accuracy == pytest.approx(0.6)
    epochs = [read_checkpoint(folder / name)["epoch"] for name in (BEST_CHECKPOINT, LAST_CHECKPOINT)]
    assert epochs == [1, 5]
    assert result.checkpoint == folder / BEST_CHECKPOINT


GATED = [
    "model.architecture=4-4s2-FC",
    "model.gates=channel",
    "training.gate_warmup_epochs=1.5",
    "training.gate_ramp_epochs=1",
]
OPEN = [0.9, 0.8, 0.3, 0.5, 0.4, 0.4]
"""The best two epochs are those in which predictors close nothing; the third ends behind the ramp."""


@pytest.mark.parametrize("epoch", [None, 1, 4])
def test_epochs_before_predictors_close_anything_are_not_chosen(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int | None
) -> None:
    chosen, curve = load_recipe(TEXT, [*VALIDATED, *GATED]), ValidAccuracies(OPEN)
    if epoch is not None:
        go_on = stop_in_epoch(monkeypatch, epoch, RuntimeError("power cut"))
        with pytest.raises(RuntimeError, match="power cut"):
            train(chosen, tmp_path, progress=False, callbacks=[curve])
        assert (tmp_path / BEST_CHECKPOINT).exists() == (epoch == 4)
        go_on()
    result = train(chosen, tmp_path, progress=False, callbacks=[curve])
    assert result.valid_accuracy == pytest.approx(0.5)
    epochs = [read_checkpoint(tmp_path / name)["epoch"] for name in (BEST_CHECKPOINT, LAST_CHECKPOINT)]
    assert epochs == [3, 5]


def test_stopped_before_predictors_close_anything_the_last_epoch_is_the_result(recipe: Recipe, tmp_path: Path) -> None:
    chosen = load_recipe(TEXT, [*VALIDATED, *GATED])
    result = train(chosen, tmp_path, progress=False, callbacks=[ValidAccuracies(OPEN), StopAfter(1)])
    assert result.checkpoint == tmp_path / LAST_CHECKPOINT
    assert result.valid_accuracy is None
    assert_same_weights(load_checkpoint(result.checkpoint)[1], result.model)


def test_validation_needs_epochs_behind_the_ramp(recipe: Recipe, tmp_path: Path) -> None:
    few = [*VALIDATED, *GATED, "training.epochs=2"]
    with pytest.raises(ValueError, match=r"training: epochs: found 2, expected more than the 2\.5 of gate_warmup_epo"):
        train(load_recipe(TEXT, few), tmp_path / "run", progress=False)
    # Without predictors there is no ramp to wait for.
    result = train(load_recipe(TEXT, [*few, "model.gates=none"]), tmp_path / "plain", progress=False)
    assert result.checkpoint.name == BEST_CHECKPOINT


def test_the_best_epoch_is_known_to_checkpoints_of_earlier_releases(tmp_path: Path) -> None:
    options = {"monitor": "valid_accuracy", "mode": "max", "save_on_train_epoch_end": True}
    old = ModelCheckpoint(tmp_path, "best", enable_version_counter=False, **options)  # type: ignore[arg-type]
    assert KeepBest(tmp_path / BEST_CHECKPOINT, "valid_accuracy", 3).state_key == old.state_key


def test_validation_is_cut_from_the_training_images(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = DATASETS["digits"](None).train
    blank = ImageSplit(np.zeros_like(images.images), images.labels, 3, source="blank")
    monkeypatch.setitem(DATASETS, "digits", lambda path: ImageData("digits", images, blank))
    seen: list[int] = []
    step = Classifier.validation_step

    def validation_step(self: Classifier, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> None:
        assert batch[0].flatten(1).amax(1).min() > 0  # no image of the test split
        seen.append(len(batch[0]))
        step(self, batch, index)

    monkeypatch.setattr(Classifier, "validation_step", validation_step)
    result = train(load_recipe(TEXT, ["training.epochs=2", "training.validation=0.25"]), tmp_path, progress=False)
    assert seen == [10, 10]
    assert result.accuracy == pytest.approx(1 / 3, abs=0.02)
    with (tmp_path / "log" / "metrics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["valid_accuracy"]]
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert result.valid_accuracy == pytest.approx(max(float(row["valid_accuracy"]) for row in rows))
