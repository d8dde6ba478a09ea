"""Callbacks that make a training last: its checkpoint, and its early end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint, EarlyStopping, ModelCheckpoint

__all__ = ["KeepBest", "KeepLast", "StopEarly"]


class KeepLast(Checkpoint):
    """Renews one checkpoint after every epoch, and within epochs where asked for.

    Logs are on the disk before the checkpoint is, so that a checkpoint never lacks the rows before it.

    Parameters
    ----------
    path : Path
    every_steps : int
        Batches between two checkpoints within an epoch; 0 for none.
    every_minutes : float
        Minutes between two checkpoints; 0 for those at the epochs' ends only.
    """

    def __init__(self, path: Path, every_steps: int = 0, every_minutes: float = 0.0) -> None:
        self.path, self.every_steps, self.every_minutes = path, every_steps, every_minutes
        self._saved, self._due = time.monotonic(), False

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save where one is due and no gradient waits; the last batch of an epoch leaves it to the epoch's end."""
        done = batch_idx + 1
        self._due |= bool(self.every_steps) and done % self.every_steps == 0
        if done >= trainer.num_training_batches or done % trainer.accumulate_grad_batches:
            return
        if self.every_minutes:
            late = time.monotonic() - self._saved >= 60 * self.every_minutes
            # Clocks differ between processes, and all of them have to save together.
            self._due = bool(trainer.strategy.broadcast(self._due or late))
        if self._due:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save."""
        self._save(trainer)

    def _save(self, trainer: L.Trainer) -> None:
        for logger in trainer.loggers:
            logger.save()
        trainer.save_checkpoint(self.path)
        self._saved, self._due = time.monotonic(), False


def _counts(trainer: L.Trainer, after: float) -> bool:
    """Say whether the epoch that ends now reaches beyond `after` epochs; the same where training was resumed."""
    return trainer.current_epoch + 1 > after


class KeepBest(ModelCheckpoint):
    """Keeps the checkpoint of the epoch with the best accuracy, among those that count.

    Parameters
    ----------
    path : Path
    monitor : str
        An accuracy.
    after : float
        Epochs that do not count, in which the network is not yet what it will be; one that reaches beyond them does.
    """

    def __init__(self, path: Path, monitor: str, after: float = 0.0) -> None:
        self.after = after
        super().__init__(
            dirpath=path.parent,
            filename=path.stem,
            monitor=monitor,
            mode="max",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )

    @property
    def state_key(self) -> str:
        """Lightning's own name for it, under which checkpoints from before this class hold its state."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint's scores, also where its folder was moved together with the best checkpoint.

        Lightning drops the scores of another folder; the next epoch would then be the best, whatever it is worth.
        """
        scores = {self._here(path): score for path, score in state_dict.get("best_k_models", {}).items()}
        if all(Path(path).is_file() for path in scores):
            paths = ("best_model_path", "kth_best_model_path", "last_model_path")
            moved = {name: self._here(state_dict[name]) for name in paths if name in state_dict}
            state_dict = {**state_dict, **moved, "best_k_models": scores, "dirpath": self.dirpath}
        super().load_state_dict(state_dict)

    def _here(self, path: str) -> str:
        """Return where a checkpoint of that name lies now; "" stays what it is, for none."""
        return str(Path(str(self.dirpath)) / Path(path).name) if path else path

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save where the epoch counts and is the best."""
        if _counts(trainer, self.after):
            super().on_train_epoch_end(trainer, pl_module)


class StopEarly(EarlyStopping):
    """Lightning's early stop, which also holds for a training that was stopped after its decision.

    Parameters
    ----------
    monitor : str
        An accuracy.
    patience : int
        Epochs without a better one.
    after : float
        Epochs that do not count, as for `KeepBest`.
    """

    def __init__(self, monitor: str, patience: int, after: float = 0.0) -> None:
        self.after = after
        super().__init__(monitor, patience=patience, mode="max", check_on_train_epoch_end=True)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Compare where the epoch counts."""
        if _counts(trainer, self.after):
            super().on_train_epoch_end(trainer, pl_module)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop at once where the checkpoint says that patience had run out."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True
