"""A parent that is killed takes its children and their shared memory along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from lava_spquant.proc.guard.orphan import tied_to_this_process
from tests.paths import ROOT

SCRIPT = """
from lava_spquant.proc import guarded
from tests.proc.guard.test_run import chain

with guarded(chain("none"), deadline=600) as run:
    run(2)
    print("running", flush=True)
    run(10**9)
"""

SHARED = Path("/dev/shm")

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux ends children with their parent"
)


def segments() -> set[str]:
    return {path.name for path in SHARED.iterdir() if path.name.startswith("psm_")}


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_nothing_outlives_a_killed_parent() -> None:
    before = segments()
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert script.stdout is not None
    try:
        lines = iter(script.stdout.readline, "")
        assert "running\n" in lines
        children = psutil.Process(script.pid).children(recursive=True)
        assert len(children) > 3
        mine = segments() - before
        assert mine
    finally:
        script.send_signal(signal.SIGKILL)
        script.wait()
        script.stdout.close()
    give_up = time.monotonic() + 30
    while (alive(children) or mine & segments()) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert alive(children) == []
    assert mine & segments() == set()


def test_a_child_whose_parent_is_gone_ends() -> None:
    """As where the parent is killed between the fork and the child's first words."""
    tie = tied_to_this_process()
    middle = os.fork()
    if not middle:
        tie()  # the parent is there: this goes on
        child = os.fork()
        if not child:
            tie()  # `tie` is for children of the test, and this is a grandchild
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert os.waitstatus_to_exitcode(os.waitpid(middle, 0)[1]) == 1


def test_threads_that_may_end_early_tie_nobody() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(tied_to_this_process().__name__))
    thread.start()
    thread.join()
    assert found == ["_untied"]
