"""The whole path from the shell, and what Ctrl-C leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.paths import ROOT

RECIPE = """\
name: small
data: {name: digits, steps: 2}
model: {architecture: 8s2-FC, weight: ternary}
training: {epochs: 3, batch_size: 32}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def test_train_export_run_verify_report(shell: Shell, tmp_path: Path, recipe: Path) -> None:
    trained = shell("train", recipe, "--set", "training.learning_rate=0.01", "--out", tmp_path / "run", "--json")
    assert trained.code == 0, trained.err
    assert (trained.values["recipe"], trained.values["dataset"], trained.values["steps"]) == ("small", "digits", 2)
    checkpoint = trained.values["checkpoint"]

    exported = shell("export", checkpoint, "--json")
    assert exported.code == 0, exported.err
    net = tmp_path / "run" / "small.net"
    assert exported.values["path"] == str(net)
    assert exported.values["metadata"] == {"recipe": "small", "dataset": "digits", "steps": "2"}

    ran = shell("run", net, "--json")
    assert ran.values["accuracy"] == pytest.approx(trained.values["accuracy"])
    assert ran.values["accuracy"] > 0.2  # better than chance: the right weights went into the file
    assert shell("run", checkpoint, "-e", "slayer", "--json").values["predictions"] == ran.values["predictions"]

    verified = shell("verify", net, "--checkpoint", checkpoint, "--limit", 40, "--lava", 2, "--json")
    assert verified.code == 0, verified.err
    assert verified.values["baseline"] == "slayer"
    assert [verified.values["executors"][name]["mismatches"] for name in ("reference", "lava")] == [0, 0]
    assert verified.values["executors"]["reference"]["spikes_compared"] > 0

    reported = shell("report", checkpoint, "--json")
    assert reported.values["activity"]["spike_rate"] > 0

    refused = shell("export", checkpoint, "--profile", "stock")
    assert refused.code == 2
    assert "stock" in refused.err


def test_another_recipe_does_not_overwrite_a_checkpoint(shell: Shell, tmp_path: Path, recipe: Path) -> None:
    run = ("train", recipe, "--out", tmp_path / "run", "--set", "training.epochs=1")
    assert shell(*run, "-q").code == 0
    before = (tmp_path / "run" / "last.ckpt").read_bytes()
    found = shell(*run, "--set", "data.steps=3")
    assert found.code == 2
    assert "choose another folder" in found.err
    assert (tmp_path / "run" / "last.ckpt").read_bytes() == before


def test_interrupted_training_says_so_and_goes_on(shell: Shell, tmp_path: Path, recipe: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "lava_spquant.cli", "train", str(recipe), "--out", str(folder), "--quiet"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "--set", "training.epochs=100000"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 120
        while not (folder / "last.ckpt").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "training resumes from the last checkpoint when the same command is run again" in errors
    assert "Traceback" not in errors
    epochs = _epochs(folder)
    resumed = shell("train", recipe, "--out", folder, "--set", f"training.epochs={epochs + 1}", "--json")
    assert resumed.code == 0, resumed.err
    assert _epochs(folder) == epochs + 1


def _epochs(folder: Path) -> int:
    from lava_spquant.slayer.training import read_checkpoint

    return int(read_checkpoint(folder / "last.ckpt")["epoch"]) + 1
