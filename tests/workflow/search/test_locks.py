from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lava_spquant.workflow.search.locks import JournalLock, try_lock
from tests.paths import ROOT


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    first = try_lock(path)
    assert first is not None
    assert try_lock(path) is None
    first.release()
    second = try_lock(path)
    assert second is not None
    second.release()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time\n"
        "from filelock import FileLock\n"
        "lock = FileLock(sys.argv[1])\n"
        "lock.acquire(); print('held', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert try_lock(path) is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    lock = try_lock(path)
    assert lock is not None
    lock.release()


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        (b"", b""),
        (b"one\n", b"one\n"),
        (b"one\ntwo\n", b"one\ntwo\n"),
        (b"one\ntw", b"one\n"),
        (b"on", b""),
        (b"\n", b"\n"),
    ],
)
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes, whole: bytes) -> None:
    journal = tmp_path / "journal.log"
    journal.write_bytes(torn)
    lock = JournalLock(journal)
    assert lock.acquire()
    lock.release()
    assert journal.read_bytes() == whole
