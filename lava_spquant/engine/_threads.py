"""How many threads compiled code gets, and runs whose threads wait for one another."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from threading import Lock

from lava_spquant.jit import WORKERS_MAX, run_workers

__all__ = ["THREADS_MAX", "available_threads", "run_together", "run_workers"]

THREADS_MAX = WORKERS_MAX
"""More threads than this are a mistake."""


def available_threads() -> int:
    """Return the number of cores that this program may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(THREADS_MAX, len(affinity(0)) if affinity else os.cpu_count() or 1)


@cache
def _together() -> Lock:
    return Lock()


if hasattr(os, "register_at_fork"):
    # The child of a fork has none of its parent's threads, of which one may hold the lock.
    os.register_at_fork(after_in_child=_together.cache_clear)


def run_together(workers: int, work: Callable[[int], None], release: Callable[[], None]) -> None:
    """Do as `run_workers` where the workers wait for one another.

    One such run at a time: two of them could each hold half of the pool and wait for the other half for ever.
    """
    with _together():
        run_workers(workers, work, release)
