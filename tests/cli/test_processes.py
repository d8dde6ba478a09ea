"""Several processes on one machine, started by Lightning or by torchrun, train the network that one would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from lava_spquant.slayer.training import read_checkpoint
from tests.cli.conftest import Shell
from tests.paths import ROOT

# The last of nine batches is of 157 images, which two processes cannot halve.
RECIPE = """\
name: shared
data: {name: digits, steps: 2, shift: 1}
model: {architecture: 4s2-4-FC, weight: ternary}
training: {epochs: 1, batch_size: 160, learning_rate: 0.01, warmup_epochs: 0, validation: 0.0}
"""
TWO = ("--devices", "2", "--strategy", "ddp", "--accelerator", "cpu")
MODULE = ("-m", "lava_spquant.cli")
LAUNCHERS = {
    "Lightning": [sys.executable, *MODULE],
    "torchrun": [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *MODULE],
}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "shared.yaml"
    path.write_text(RECIPE)
    return path


def start(launcher: str, *arguments: object) -> subprocess.Popen[str]:
    return run([*LAUNCHERS[launcher], "train", *map(str, arguments), *TWO])


def run(command: list[str]) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err[-4000:]
    (line,) = out.splitlines()  # one process tells of the result
    values = json.loads(line)
    assert isinstance(values, dict)
    return values


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = read_checkpoint(folder / "last.ckpt")["state_dict"]
    return {name: value.double() for name, value in state.items()}


def farthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((other[name] - value).norm() / value.norm().clamp_min(1e-3)) for name, value in one.items())


@pytest.mark.parametrize(
    ("launcher", "fields"),
    # Predictors that learn jointly with the task draw noise for every sample.
    [("Lightning", ()), ("torchrun", ()), ("Lightning", ("model.gates=channel", "model.gate_joint=true"))],
)
def test_two_processes_train_the_network_of_one(
    shell: Shell, tmp_path: Path, recipe: Path, launcher: str, fields: tuple[str, ...]
) -> None:
    chosen = [option for field in fields for option in ("--set", field)]
    alone = shell("train", recipe, "--out", tmp_path / "alone", "--accelerator", "cpu", "--json", *chosen)
    assert alone.code == 0, alone.err
    shared = finish(start(launcher, recipe, "--out", tmp_path / "shared", "--json", "-q", *chosen))
    assert farthest(weights(tmp_path / "alone"), weights(tmp_path / "shared")) < 1e-4
    assert shared["accuracy"] == pytest.approx(alone.values["accuracy"], abs=0.01)
    logs = [(tmp_path / name / "log" / "metrics.csv").read_text().splitlines() for name in ("alone", "shared")]
    # The same rows, each once: header, the accuracies of training and of the test.
    assert len(logs[0]) == len(logs[1]) == 3


def test_two_machines_train_the_network_of_one(shell: Shell, tmp_path: Path, recipe: Path) -> None:
    alone = shell("train", recipe, "--out", tmp_path / "alone", "--accelerator", "cpu", "--json")
    assert alone.code == 0, alone.err
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meet = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", str(port)]
    ours = ["train", str(recipe), "--out", str(tmp_path / "shared"), "--json", "-q", "--num-nodes", "2", *TWO[2:]]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *meet]
    machines = [run([*torchrun, "--node-rank", str(rank), *MODULE, *ours]) for rank in range(2)]
    try:
        assert finish(machines[0])["ok"]
        out, err = machines[1].communicate(timeout=60)
        assert (machines[1].returncode, out) == (0, ""), err[-4000:]
    finally:
        for machine in machines:
            machine.kill()
            machine.communicate()
    assert farthest(weights(tmp_path / "alone"), weights(tmp_path / "shared")) < 1e-4


def test_a_killed_first_process_takes_the_other_along(tmp_path: Path, recipe: Path) -> None:
    process = start("Lightning", recipe, "--out", tmp_path / "run", "-q", "--set", "training.epochs=100000", "--debug")
    try:
        until = time.monotonic() + 120
        while not (tmp_path / "run" / "last.ckpt").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=60)
        # Orphans that nobody has waited for yet have ended all the same.
        assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]
    finally:
        process.kill()
    done = read_checkpoint(tmp_path / "run" / "last.ckpt")["epoch"] + 1
    # Both go on.
    again = finish(
        start("Lightning", recipe, "--out", tmp_path / "run", "-q", "--json", "--set", f"training.epochs={done + 1}")
    )
    assert again["ok"]
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")["epoch"] == done


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--strategy", "fsdp"), "hardware: strategy: found 'fsdp', expected one of auto, ddp"),
        (("--accelerator", "cpu", "--precision", "16-mixed"), "precision: found '16-mixed' on a CPU"),
        (("--precision", "8"), "training: precision: found '8'"),
    ],
)
def test_what_cannot_be_is_said(
    shell: Shell, tmp_path: Path, recipe: Path, options: tuple[str, ...], message: str
) -> None:
    found = shell("train", recipe, "--out", tmp_path / "run", *options)
    assert found.code == 2
    assert message in found.err
