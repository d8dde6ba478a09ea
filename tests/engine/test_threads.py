from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lava_spquant.engine._threads import THREADS_MAX, available_threads, run_together, run_workers


def test_all_workers_run_at_the_same_time() -> None:
    meeting = threading.Barrier(5)
    seen: list[int] = []

    def work(worker: int) -> None:
        meeting.wait(timeout=30)
        seen.append(worker)

    run_workers(5, work)
    assert sorted(seen) == [0, 1, 2, 3, 4]


def test_the_first_runs_on_the_calling_thread() -> None:
    seen: dict[int, int] = {}
    run_workers(2, lambda worker: seen.update({worker: threading.get_ident()}))
    assert seen[0] == threading.get_ident() != seen[1]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_worker_raises_arrives(failing: int) -> None:
    def work(worker: int) -> None:
        if worker == failing:
            raise RuntimeError(f"worker {worker}")

    with pytest.raises(RuntimeError, match=f"worker {failing}"):
        run_workers(2, work)


def test_there_is_a_core() -> None:
    assert 1 <= available_threads() <= THREADS_MAX


def test_runs_whose_workers_wait_for_one_another_do_not_share_the_pool() -> None:
    """Each takes all threads but one: side by side, both would wait for the other's for ever."""
    broken: list[threading.BrokenBarrierError] = []

    def run() -> None:
        meeting = threading.Barrier(THREADS_MAX)
        try:
            run_together(THREADS_MAX, lambda worker: (meeting.wait(timeout=30), None)[1], meeting.abort)
        except threading.BrokenBarrierError as error:
            broken.append(error)

    callers = [threading.Thread(target=run) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not broken


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_workers_that_wait_for_one_that_fails_are_let_go(failing: int) -> None:
    let_go = threading.Event()

    def work(worker: int) -> None:
        if worker == failing:
            raise KeyboardInterrupt
        assert let_go.wait(timeout=30)

    with pytest.raises(KeyboardInterrupt):
        run_together(3, work, let_go.set)


def test_workers_that_wait_for_one_without_a_thread_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, submit, begun = threading.Event(), ThreadPoolExecutor.submit, []

    def one_thread(pool: ThreadPoolExecutor, *given: Any) -> Any:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(submit(pool, *given))
        return begun[0]

    monkeypatch.setattr(ThreadPoolExecutor, "submit", one_thread)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_together(3, lambda worker: (let_go.wait(timeout=30), None)[1], let_go.set)
    assert begun[0].done()
