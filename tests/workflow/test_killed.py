"""A training that is killed in the middle of an epoch, and run again, is a training that nobody stopped."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lava_spquant.slayer.training import TRAINING_STATE, read_checkpoint
from lava_spquant.workflow.recipe import load_recipe
from lava_spquant.workflow.train import LAST_CHECKPOINT, TrainResult, train
from tests.paths import ROOT
from tests.workflow import killed_script

TEXT = """\
name: killed
seed: 3
data: {name: digits, steps: 2, shift: 1}
model: {architecture: 4s2-FC, weight: ternary}
training: {epochs: 4, batch_size: 120, learning_rate: 0.02}
"""
BATCHES = 12


def kill_in(epoch: int, batch: int, recipe: Path, folder: Path) -> None:
    """Train until the gradient of that batch, and no further."""
    command = [sys.executable, killed_script.__file__, str(recipe), str(folder), str(epoch), str(batch)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-4000:]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of training; the test's figure has a file of its own, read in no fixed order."""
    found = EventAccumulator(str(folder / "log"))
    found.Reload()
    names = set(found.Tags()["scalars"]) - {"epoch", "test_accuracy"}
    return {name: [(e.step, e.value) for e in found.Scalars(name)] for name in names}


def assert_same_training(one: TrainResult, other: TrainResult) -> None:
    states = one.model.state_dict(), other.model.state_dict()
    assert states[0].keys() == states[1].keys()
    assert not [name for name, value in states[0].items() if not torch.equal(value, states[1][name])]
    assert (one.accuracy, one.valid_accuracy) == (other.accuracy, other.valid_accuracy)
    folders = one.checkpoint.parent, other.checkpoint.parent
    assert rows(folders[0]) == rows(folders[1])
    assert events(folders[0]) == events(folders[1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
@pytest.mark.parametrize(
    ("options", "resumes_at"),
    [
        ([], 2 * BATCHES),
        # The fifth batch's gradient waits for the sixth's.
        (["training.checkpoint_steps=5", "training.accumulate_grad_batches=2"], 2 * BATCHES + 6),
        # Due after every batch.
        (["training.checkpoint_minutes=1e-9", "training.optimizer=sgd"], 2 * BATCHES + 8),
        (["training.checkpoint_steps=3", "training.validation=0.2", "training.patience=2"], 2 * 10 + 6),
    ],
)
def test_killed_in_mid_epoch_and_run_again(tmp_path: Path, options: list[str], resumes_at: int) -> None:
    recipe = load_recipe(TEXT, options)
    straight = train(recipe, tmp_path / "straight", progress=False)
    source, folder = tmp_path / "recipe.yaml", tmp_path / "killed"
    source.write_bytes((tmp_path / "straight" / "recipe.yaml").read_bytes())
    kill_in(2, 8, source, folder)
    checkpoint = read_checkpoint(folder / LAST_CHECKPOINT)
    assert checkpoint[TRAINING_STATE]["batches"] == resumes_at
    # What a process that is killed while it writes leaves.
    (folder / f".{LAST_CHECKPOINT}.abc.part").write_bytes(b"half")
    assert_same_training(train(recipe, folder, progress=False), straight)
    assert not list(folder.glob(".*"))
    # A further call has nothing left to do, and says the same.
    again = train(recipe, folder, progress=False)
    assert again.accuracy == straight.accuracy
    assert rows(folder) == rows(tmp_path / "straight")
