"""Workers as processes: whichever is killed, and however, no trial is lost and nobody is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lava_spquant.workflow.recipe import load_recipe
from lava_spquant.workflow.search import SearchResult, load_space, search
from lava_spquant.workflow.search.study import StudyFolder, trial_folder
from lava_spquant.workflow.train import LAST_CHECKPOINT
from tests.paths import ROOT

# Real digits: the workers know no other data than those of the package.
RECIPE = """\
name: tiny
seed: 3
data: {name: digits, steps: 1}
model: {architecture: 2s2-FC, weight: ternary}
training: {epochs: 40, batch_size: 256, warmup_epochs: 0}
"""
SPACE = """\
model.weight: [ternary, sawb4]
training.learning_rate: {low: 1e-3, high: 1e-1, log: true}
"""
TRIALS = 3
SECONDS = 120


def until(true: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.02)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """The study as it is when nobody interferes."""
    return run(tmp_path_factory.mktemp("straight") / "study")


def run(folder: Path, workers: int = 1) -> SearchResult:
    return search(load_recipe(RECIPE), load_space(SPACE), folder, trials=TRIALS, workers=workers)


def lines(found: SearchResult) -> list[dict[str, object]]:
    return [row.plain() for row in found.trials]


@contextlib.contextmanager
def command(folder: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process, which is gone at the end, with all that it started."""
    recipe, space = folder.parent / "recipe.yaml", folder.parent / "space.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    space.write_text(SPACE, encoding="utf-8")
    arguments = [
        "search",
        recipe,
        "--space",
        space,
        "--trials",
        TRIALS,
        "--out",
        folder,
        "--workers",
        workers,
        "--json",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "lava_spquant.cli", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    children: list[psutil.Process] = []
    try:
        until((folder / "search.yaml").exists, process)
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(process.pid).children(recursive=True)
        for child in (*children, process):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.communicate()


def started(folder: Path, number: int) -> bool:
    """Whether a trial has a checkpoint to resume from."""
    return (trial_folder(folder, number) / LAST_CHECKPOINT).exists()


def test_two_workers_one_of_them_killed_in_mid_trial(tmp_path: Path, straight: SearchResult) -> None:
    folder = tmp_path / "study"
    with command(folder, workers=2) as process:
        until(lambda: started(folder, 0) and started(folder, 1), process)
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        busy = StudyFolder(folder).finished()
        os.kill(workers[0].pid, signal.SIGKILL)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert busy < TRIALS
    # The other one took the trial over, from its checkpoint; values drawn at random do not depend on who draws.
    assert json.loads(out)["trials"] == lines(straight)
    assert not any(worker.is_running() for worker in workers)


def test_all_killed_and_run_again(tmp_path: Path, straight: SearchResult) -> None:
    folder = tmp_path / "study"
    with command(folder, workers=2) as process:
        until(lambda: started(folder, 0), process)
        workers = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        # Nobody is left to end the workers: they notice.
        until(lambda: not any(worker.is_running() for worker in workers))
    begun = len(StudyFolder(folder).trials())
    assert 1 <= begun <= TRIALS
    assert lines(run(folder)) == lines(straight)


def test_ctrl_c_stops_every_worker(tmp_path: Path, straight: SearchResult) -> None:
    folder = tmp_path / "study"
    with command(folder, workers=2) as process:
        until(lambda: started(folder, 0), process)
        workers = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1].startswith("interrupted: the search goes on where it was")
    assert json.loads(out) == {"ok": False, "error": "interrupted"}
    assert not any(worker.is_running() for worker in workers)
    assert lines(run(folder)) == lines(straight)


def test_workers_that_cannot_work_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "nonsense")  # which Python refuses to start with
    with pytest.raises(RuntimeError, match=r"trials: found 3 unfinished \(worker \d+ ended with exit code 1: .*again"):
        run(tmp_path / "study", workers=2)
