"""Threads for compiled code that releases the interpreter's lock.

Python's own threads, and not Numba's: training forks its data loaders and Lava its Processes, and after a fork the
OpenMP pool that Numba starts ends the program; Numba's other pool ends it where two threads of a program run at once.
Idle threads sleep.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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


def run_workers(workers: int, work: Callable[[int], None], release: Callable[[], None] | None = None) -> None:
    """Call `work(0)`, ..., `work(workers - 1)` at the same time, the first on the calling thread.

    Parameters
    ----------
    workers : int
    work : callable
    release : callable, optional
        Of workers that wait for one another: lets go those that wait for one that failed, or never began.
    """

    def carried_out(worker: int) -> None:
        try:
            work(worker)
        except BaseException:
            _let_go(release)
            raise

    others: list[Future[None]] = []
    try:
        for worker in range(1, min(workers, WORKERS_MAX)):
            others.append(_pool().submit(carried_out, worker))
        work(0)
    except BaseException:
        _let_go(release)
        raise
    finally:
        for other in others:
            other.result()


def _let_go(release: Callable[[], None] | None) -> None:
    if release is not None:
        release()
