from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from lava_spquant.slayer.training import AtomicCheckpointIO, read_checkpoint
from lava_spquant.slayer.training.random_state import random_state, restore_random_state


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
