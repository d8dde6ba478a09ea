"""Images so few that a recipe is trained within a second, and what tests do with its runs."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L
import numpy as np
import pytest
import torch

from lava_spquant.data import DATASETS, ImageData, ImageSplit
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.training import Classifier
from lava_spquant.workflow.recipe import Recipe, load_recipe

__all__ = ["TEXT", "StopAfter", "assert_same_weights", "bright_rows", "stop_in_epoch"]

TEXT = """\
name: tiny
seed: 3
data: {name: digits, steps: 2, shift: 1}
model: {architecture: 4s2-FC, weight: ternary}
training: {epochs: 4, batch_size: 16, learning_rate: 0.02}
"""


def bright_rows(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """Return a recipe on 40 images, whose class is the row that is bright; they are digits for so long."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 3
    images = rng.integers(0, 60, (40, 1, 6, 5))
    for image, label in zip(images, labels, strict=True):
        image[0, 2 * label : 2 * label + 2] += 180
    split = ImageSplit(images.astype(np.uint8), labels, 3, source="rows")
    monkeypatch.setitem(DATASETS, "digits", lambda path: ImageData("digits", split, split))
    return load_recipe(TEXT)


def stop_in_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int, error: BaseException) -> Callable[[], None]:
    """Raise `error` in the middle of an epoch; returns what ends that."""
    step = Classifier.training_step

    def training_step(self: Classifier, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        if self.current_epoch == epoch and index == 1:
            raise error
        return step(self, batch, index)

    monkeypatch.setattr(Classifier, "training_step", training_step)
    return lambda: monkeypatch.setattr(Classifier, "training_step", step)


def assert_same_weights(one: SpikingNetwork, other: SpikingNetwork) -> None:
    """Assert that two networks are the same, bit for bit."""
    states = one.state_dict(), other.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


class StopAfter(L.Callback):
    """Ends the training after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 == self.epochs
