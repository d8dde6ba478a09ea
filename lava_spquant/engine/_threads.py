"""Threads for compiled code that releases the interpreter's lock.

Python's own threads, and not Numba's: Lava forks its Processes, and after a fork the OpenMP pool that Numba
starts ends the program; Numba's other pool ends it where two threads of a program run at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock

__all__ = ["THREADS_MAX", "available_threads", "run_together", "run_workers"]

THREADS_MAX = 256
"""More threads than this are a mistake."""


def available_threads() -> int:
    """Return the number of cores that this program may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(THREADS_MAX, len(affinity(0)) if affinity else os.cpu_count() or 1)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="lava_spquant")


@cache
def _together() -> Lock:
    return Lock()


if hasattr(os, "register_at_fork"):
    # The child of a fork has none of its parent's threads, of which one may hold the lock.
    os.register_at_fork(after_in_child=_pool.cache_clear)
    os.register_at_fork(after_in_child=_together.cache_clear)


def run_workers(workers: int, work: Callable[[int], None]) -> None:
    """Call `work(0)`, ..., `work(workers - 1)` at the same time, the first on the calling thread."""
    others = [_pool().submit(work, worker) for worker in range(1, workers)]
    try:
        work(0)
    finally:
        for other in others:
            other.result()


def run_together(workers: int, work: Callable[[int], None]) -> None:
    """Do as `run_workers` where the workers wait for one another.

    One such run at a time: two of them could each hold half of the pool and wait for the other half for ever.
    """
    with _together():
        run_workers(workers, work)
