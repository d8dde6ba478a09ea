"""Several workers as processes of their own, all of which end before this one goes on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lava_spquant.report.machine import available_cores

__all__ = ["run_team"]

POLL_SECONDS = 0.2
STOP_SECONDS = 20.0
"""A worker that was told to stop is killed after so long."""


@dataclass(frozen=True, eq=False)
class _Member:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    def reason(self) -> str | None:
        """Return why the worker failed; None where it did not, or still runs."""
        code = self.process.poll()
        if not code:
            return None
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"signal {-code}" if code < 0 else f"exit code {code}: {said}"
        return f"worker {self.process.pid} ended with {how}"


def run_team(folder: Path, total: int, workers: int, data_path: Path | None, poll: Callable[[], None]) -> list[str]:
    """Run worker processes on the study in `folder` until the last of them has ended.

    Parameters
    ----------
    folder : Path
    total : int
        Trials of the whole study.
    workers : int
    data_path : Path, optional
    poll : callable
        Called some times a second meanwhile.

    Returns
    -------
    list of str
        Why workers failed, one line each.

    Raises
    ------
    KeyboardInterrupt
        After the workers were stopped; as any other exception.
    """
    with contextlib.ExitStack() as stack:
        members = [stack.enter_context(_member(folder, total, workers, data_path)) for _ in range(workers)]
        try:
            while any(member.process.poll() is None for member in members):
                poll()
                time.sleep(POLL_SECONDS)
        except BaseException:
            _stop(members)
            raise
        return [reason for member in members if (reason := member.reason()) is not None]


@contextlib.contextmanager
def _member(folder: Path, total: int, workers: int, data_path: Path | None) -> Iterator[_Member]:
    command = [sys.executable, "-m", "lava_spquant.workflow.search", str(folder), "--trials", str(total)]
    command += [] if data_path is None else ["--data", str(data_path)]
    share = str(max(1, available_cores() // workers))
    environment = {"OMP_NUM_THREADS": share, "OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    with tempfile.TemporaryFile() as errors:
        # A session of its own: Ctrl-C reaches this process alone, which then stops its workers.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            env=environment,
        )
        try:
            yield _Member(process, errors)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


def _stop(members: list[_Member]) -> None:
    for member in members:
        # A worker leaves when its standard input ends, even while it still starts, where a signal may go unheard.
        if member.process.stdin is not None:
            member.process.stdin.close()
    deadline = time.monotonic() + STOP_SECONDS
    for member in members:
        with contextlib.suppress(subprocess.TimeoutExpired):
            member.process.wait(max(0.0, deadline - time.monotonic()))
