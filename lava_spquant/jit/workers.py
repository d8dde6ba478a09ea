"""Threads for compiled code that releases the interpreter's lock.

Python's own threads, and not Numba's: training forks its data loaders and Lava its Processes, and after a fork the
OpenMP pool that Numba starts ends the program; Numba's other pool ends it where two threads of a program run at once.
Idle threads sleep.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

__all__ = ["WORKERS_MAX", "run_workers"]

WORKERS_MAX = 256
"""More threads than this are a mistake."""


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS_MAX, thread_name_prefix="lava_spquant")


if hasattr(os, "register_at_fork"):
    # The child of a fork has none of its parent's threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)


def run_workers(workers: int, work: Callable[[int], None]) -> None:
    """Call `work(0)`, ..., `work(workers - 1)` at the same time, the first on the calling thread."""
    others = [_pool().submit(work, worker) for worker in range(1, min(workers, WORKERS_MAX))]
    try:
        work(0)
    finally:
        for other in others:
            other.result()
