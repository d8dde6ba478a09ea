"""Threads for compiled code."""

from __future__ import annotations

from threading import Barrier, get_ident

import pytest

from lava_spquant.jit import run_workers


def test_every_worker_runs_at_the_same_time_and_once() -> None:
    together = Barrier(3, timeout=10)
    seen: dict[int, int] = {}

    def work(worker: int) -> None:
        together.wait()
        seen[worker] = get_ident()

    run_workers(3, work)
    assert sorted(seen) == [0, 1, 2]
    assert len(set(seen.values())) == 3
    assert seen[0] == get_ident()


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_is_that_of_the_worker(failing: int) -> None:
    def work(worker: int) -> None:
        if worker == failing:
            raise RuntimeError(f"worker {worker}")

    with pytest.raises(RuntimeError, match=f"worker {failing}"):
        run_workers(2, work)


def test_none_but_the_caller_is_needed_for_nothing() -> None:
    ran: list[int] = []
    run_workers(0, ran.append)
    assert ran == [0]
