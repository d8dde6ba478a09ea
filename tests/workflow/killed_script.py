"""Trains a recipe and kills itself with SIGKILL: `killed_script.py RECIPE FOLDER EPOCH BATCH`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import lightning as L

from lava_spquant.workflow.recipe import load_recipe
from lava_spquant.workflow.train import train


class Killed(L.Callback):
    """Ends this process, with no chance to clear up, after the gradient of one batch."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.epoch, self.batch, self.now = epoch, batch, -1

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, index: int) -> None:
        self.now = index

    def on_after_backward(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if (trainer.current_epoch, self.now) == (self.epoch, self.batch):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    source, folder, epoch, batch = sys.argv[1:]
    train(load_recipe(source), folder, progress=False, callbacks=[Killed(int(epoch), int(batch))])
