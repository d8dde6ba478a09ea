from __future__ import annotations

import random
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch

from lava_spquant.slayer.training import AtomicCheckpointIO, SameNumbers, read_checkpoint
from lava_spquant.slayer.training.random_state import random_state, restore_random_state
from tests.slayer.training.test_module import classifier, loader, trainer


def draw() -> list[float]:
    return [random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), torch.rand(1).item()]  # noqa: NPY002


def test_what_was_drawn_is_drawn_again_after_a_file(tmp_path: Path) -> None:
    draw()  # both normal generators now hold a second value back
    AtomicCheckpointIO().save_checkpoint({"state_dict": {}, "random": random_state()}, tmp_path / "a.ckpt")
    first = draw()
    assert draw() != first
    restore_random_state(read_checkpoint(tmp_path / "a.ckpt")["random"])
    assert draw() == first


@pytest.mark.parametrize("damage", [{}, {"python": [3, [1], None]}, {"numpy": 5}, {"torch": None}])
def test_another_state_is_refused(damage: dict[str, object]) -> None:
    before = random_state()
    with pytest.raises(ValueError, match="checkpoint: random state: found .* expected one written by training"):
        restore_random_state({**before, **damage} if damage else {})
    restore_random_state(before)


class Note(lightning.Callback):
    """Notes torch's generator in front of the first batch."""

    def __init__(self, draws: bool = False) -> None:
        self.draws = draws

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        self.state = torch.get_rng_state()
        if self.draws:
            torch.rand(3)


@pytest.mark.parametrize("draws", [False, True])
def test_training_begins_with_the_numbers_of_one_process(draws: bool) -> None:
    module, before, after = classifier(), Note(draws), Note()
    state = torch.get_rng_state()
    trainer(max_steps=1, callbacks=[before, SameNumbers(), after]).fit(module, loader(), loader())
    # One process comes as it was by itself; what something drew on the way does not count.
    assert torch.equal(before.state, state)
    assert torch.equal(after.state, state)
