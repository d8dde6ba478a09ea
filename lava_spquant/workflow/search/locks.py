"""Locks that cannot outlive their holder: the kernel lets go of them when a process ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout
from optuna.storages.journal import JournalFileOpenLock

__all__ = ["JournalLock", "try_lock"]


def try_lock(path: Path) -> FileLock | None:
    """Take the lock at `path`, or return None where another process, or another part of this one, holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


class JournalLock(JournalFileOpenLock):
    """Keeps writers of an Optuna journal apart.

    Optuna's own locks are files that a killed process leaves behind, and that the others break
    after half a minute. This one is free as soon as its holder is gone. Whoever takes it also cuts
    off a last line that a dying writer, or a full disk, left without its end: the next line would
    be appended to it, and the journal could not be read again.

    Parameters
    ----------
    journal : Path
    """

    def __init__(self, journal: Path) -> None:
        # Optuna keeps its abstract class to itself; both methods of this one are replaced.
        super().__init__(str(journal))
        self._journal = journal
        self._lock = FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        self._cut_torn_line()
        return True

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release()

    def _cut_torn_line(self) -> None:
        with self._journal.open("rb+") as file:
            end = file.seek(0, os.SEEK_END)
            if not end or (file.seek(end - 1), file.read(1))[1] == b"\n":
                return
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
