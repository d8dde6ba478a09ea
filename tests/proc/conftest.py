"""What every test of Lava Processes must leave as it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path

import psutil
import pytest

SHARED_MEMORY = Path("/dev/shm")

# Other programs, and other workers of the same test run, have shared memory too: this tells ours apart.
PREFIX = f"{os.getpid():x}_"
shared_memory._SHM_NAME_PREFIX = f"/{PREFIX}"


@pytest.fixture
def leaks() -> Callable[[], list[str]]:
    """Return a function that lists the children, shared memory and threads that came since."""
    # One tracker serves a whole interpreter; multiprocessing starts it with the first shared memory.
    resource_tracker.ensure_running()
    before = set(_resources())
    return lambda: sorted(set(_resources()) - before)


@pytest.fixture(autouse=True)
def leaves_nothing(leaks: Callable[[], list[str]]) -> Iterator[None]:
    yield
    assert leaks() == []


def _resources() -> Iterator[str]:
    yield from (f"child {child.pid}" for child in psutil.Process().children(recursive=True))
    yield from (f"thread {thread.name}" for thread in threading.enumerate())
    if SHARED_MEMORY.is_dir():
        yield from (f"shared memory {entry.name}" for entry in SHARED_MEMORY.glob(f"{PREFIX}*"))
