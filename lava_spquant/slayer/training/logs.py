"""Rows of figures as CSV and for TensorBoard, neither lost nor doubled when training is resumed."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from torch import Tensor

from lava_spquant.slayer.norm import sum_over_processes
from lava_spquant.slayer.training.shares import process_count

__all__ = [
    "LOG_FIELDS",
    "ContinuedCSVLogger",
    "FlushedTensorBoardLogger",
    "RowLog",
    "cut_rows",
    "make_loggers",
    "write_row",
]

LOG_FIELDS = ("epoch", "step", "learning_rate", "train_loss", "train_accuracy", "valid_accuracy", "test_accuracy")
"""Columns of the CSV file; `step` counts batches from 0."""

FOLDER = "log"

EVENTS = "events.out.tfevents."


def make_loggers(folder: Path, steps: int) -> list[Logger]:
    """Return loggers that write to `folder`/log and go on after the first `steps` batches.

    Only the first process may call `cut_rows` before; this changes no file yet.
    """
    purge = steps or None
    board = FlushedTensorBoardLogger(folder, name=FOLDER, version="", default_hp_metric=False, purge_step=purge)
    return [ContinuedCSVLogger(folder, name=FOLDER, version=""), board]


def cut_rows(folder: Path, steps: int) -> None:
    """Drop the rows of batches from number `steps` on, which training is about to write again.

    TensorBoard's files are removed where nothing of them stays; else its logger has them forgotten in part.

    Parameters
    ----------
    folder : Path
        As for `make_loggers`; one without a log stays as it is.
    steps : int
        Batches that the checkpoint holds; 0 drops all rows.
    """
    events = list((folder / FOLDER).glob(f"{EVENTS}*"))
    if steps:
        _wait_behind(events)
    else:
        for path in events:
            path.unlink()
    path = folder / FOLDER / ExperimentWriter.NAME_METRICS_FILE
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row.get("step") or "").isdigit() and int(row["step"]) < steps]
    text = io.StringIO(newline="")
    names = [*LOG_FIELDS, *sorted({name for row in rows for name in row if name} - set(LOG_FIELDS))]
    writer = csv.DictWriter(text, fieldnames=names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _wait_behind(events: list[Path]) -> None:
    """Let the second pass in which the newest file began: TensorBoard reads them in the order of their names."""
    began = [path.name.removeprefix(EVENTS).split(".")[0] for path in events]
    newest = max((int(second) for second in began if second.isdigit()), default=0)
    if newest == int(time.time()):
        time.sleep(max(0.0, newest + 1 - time.time()))


class _ContinuedWriter(ExperimentWriter):
    """Appends to the rows that are there; the file's columns are `LOG_FIELDS` and what it has beside them."""

    def _check_log_dir_exists(self) -> None:
        self.metrics_keys = list(LOG_FIELDS)
        path = Path(self.metrics_file_path)
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                self.metrics_keys = next(csv.reader(file), self.metrics_keys)

    def _record_new_keys(self) -> set[str]:
        # The base class sorts the columns, which would part names and values in a file that goes on.
        new = {name for row in self.metrics for name in row} - set(self.metrics_keys)
        self.metrics_keys.extend(sorted(new))
        return new


class ContinuedCSVLogger(CSVLogger):
    """Lightning's CSV logger, but that it appends to the rows of an earlier call instead of deleting them."""

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """What writes the file."""
        if self._experiment is None:
            Path(self.log_dir).mkdir(parents=True, exist_ok=True)
            self._experiment = _ContinuedWriter(log_dir=self.log_dir)
        return self._experiment


class FlushedTensorBoardLogger(TensorBoardLogger):
    """Lightning's TensorBoard logger, but that `save` writes its events too.

    With `purge_step`, TensorBoard forgets the events of an earlier call from that step on.
    """

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """What writes the events."""
        writer = super().experiment
        # A writer that is opened anew, for what comes after training, has nothing to make forgotten.
        self._kwargs.pop("purge_step", None)
        return writer

    def save(self) -> None:
        """Write hyper-parameters and events to the disk."""
        super().save()
        if self._experiment is not None:
            self._experiment.flush()


def write_row(trainer: L.Trainer, step: int, values: Mapping[str, float | Tensor]) -> None:
    """Write `values` to all loggers of `trainer`, as figures of batch number `step`."""
    row = {name: float(value) for name, value in values.items()}
    for logger in trainer.loggers:
        logger.log_metrics({**row, "epoch": trainer.current_epoch}, step=step)


class RowLog(L.Callback):
    """Writes a row every so many batches and one after every epoch, before any checkpoint that covers them.

    Parameters
    ----------
    every : int
        Batches.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write the loss of the whole batch, and the learning rate that comes next."""
        if pl_module.batches_done % self.every == 0:
            loss = sum_over_processes(outputs["batch_loss"]) / process_count()
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            write_row(trainer, pl_module.batches_done - 1, {"train_loss": loss, "learning_rate": rate})

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the epoch's accuracies."""
        row = {"train_accuracy": pl_module.train_accuracy.compute()}
        pl_module.log("train_accuracy", row["train_accuracy"], prog_bar=True, logger=False)
        if "valid_accuracy" in trainer.callback_metrics:
            row["valid_accuracy"] = trainer.callback_metrics["valid_accuracy"]
        write_row(trainer, pl_module.batches_done - 1, row)
