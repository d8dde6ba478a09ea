from __future__ import annotations

import gc
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from lava.magma.core.run_conditions import RunSteps

from lava_spquant.proc import DeadlineError, ModelError, ModelTraceback, ProcessDiedError, guarded
from tests.proc.faulty.errors import PlainError
from tests.proc.faulty.process import Fault


def chain(fault: str) -> Fault:
    """Three Processes in a row; the first misbehaves, so that the others wait for it."""
    first, second, third = Fault(fault=fault, name="first"), Fault(), Fault()
    first.s_out.connect(second.a_in)
    second.s_out.connect(third.a_in)
    return third


def attempt(last: Fault, *steps: int, deadline: float = 30, **options) -> None:
    with guarded(last, deadline=deadline, **options) as run:
        for count in steps:
            run(count)


def test_healthy_run_counts_on_and_leaves_nothing(leaks):
    last = chain("none")
    with guarded(last, deadline=30) as run:
        run(2)
        run(3)
        assert last.count.get() == 5
        last.count.set(np.array([40]))
        run(2)
        assert last.count.get() == 42
    assert leaks() == []


def test_run_of_the_process_itself_is_guarded_too():
    last = chain("raise")
    with pytest.raises(PlainError, match="step 3 went wrong"), guarded(last, deadline=30):
        last.run(RunSteps(num_steps=5))


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("raise", PlainError, "^step 3 went wrong$"),
        ("raise_unpicklable", ModelError, "LocalError: seen only here"),
        ("raise_two_arguments", ModelError, "NeedsTwoArgumentsError: left and right"),
    ],
)
def test_exception_of_a_model_comes_out_as_it_was(fault, error, message, leaks):
    started = time.monotonic()
    with pytest.raises(error, match=message) as caught:
        attempt(chain(fault), 2, 3)
    assert time.monotonic() - started < 10
    assert isinstance(caught.value.__cause__, ModelTraceback)
    assert "_misbehave(self.proc_params" in str(caught.value.__cause__)
    assert leaks() == []


def test_exception_while_building_a_model(leaks):
    with pytest.raises(PlainError, match="cannot be built") as caught, guarded(chain("build"), deadline=30):
        pass
    assert "super().__init__(proc_params)" not in str(caught.value)
    assert "raise PlainError" in str(caught.value.__cause__)
    assert leaks() == []


def test_hanging_model_meets_the_deadline(leaks):
    started = time.monotonic()
    with pytest.raises(DeadlineError, match=r"5 time steps: not finished within the deadline of 1 s"):
        attempt(chain("hang"), 5, deadline=1)
    assert time.monotonic() - started < 5
    assert leaks() == []


def test_dead_child_is_named(leaks):
    with pytest.raises(ProcessDiedError, match=r"first \(Fault\): ended with exit code 7"):
        attempt(chain("die"), 5)
    assert leaks() == []


class Left:
    """Garbage that only the collector can remove, and that says where it was removed."""

    def __init__(self, note: Path) -> None:
        self.note, self.itself = note, self

    def __del__(self) -> None:
        with self.note.open("a") as file:
            file.write(f"{os.getpid()}\n")


def test_children_leave_the_garbage_of_their_parent_alone(tmp_path, leaks):
    note = tmp_path / "removed"
    gc.disable()
    try:
        Left(note)
        attempt(chain("collect"), 5)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert not note.exists() or note.read_text() == f"{os.getpid()}\n"
    gc.collect()
    assert note.read_text() == f"{os.getpid()}\n"
    assert leaks() == []


@pytest.mark.parametrize("collected", [True, False])
def test_children_collect_garbage_where_their_parent_does(collected, leaks):
    if not collected:
        gc.disable()
    try:
        with pytest.raises(PlainError, match=f"collects garbage: {collected}"):
            attempt(chain("collects"), 5)
        assert gc.isenabled() == collected
    finally:
        gc.enable()
    assert leaks() == []


def test_interrupt_passes_through_and_ends_everything(leaks):
    """As Ctrl-C in a terminal: every process of the group receives the signal."""
    mine = psutil.Process()

    def interrupt() -> None:
        for child in mine.children():
            child.send_signal(signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, interrupt)
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        attempt(chain("hang"), 5)
    timer.join()
    assert time.monotonic() - started < 10
    assert leaks() == []


def test_exception_in_the_block_itself_ends_everything(leaks):
    with pytest.raises(ZeroDivisionError), guarded(chain("none"), deadline=30):
        raise ZeroDivisionError
    assert leaks() == []


def test_killed_memory_manager_leaves_no_shared_memory(leaks):
    last = chain("none")
    with guarded(last, deadline=30) as run:
        run(1)
        manager = last.runtime._messaging_infrastructure.smm._manager._process
        os.kill(manager.pid, signal.SIGKILL)
    assert leaks() == []


def test_watchdog_processes_end_with_the_run(leaks, capfd):
    with pytest.raises(PlainError, match="step 3"):
        attempt(chain("raise"), 5, compile_config={"use_watchdog": True})
    assert leaks() == []
    assert "Watchdog" in capfd.readouterr().out


def test_stop_by_hand_inside_the_block(leaks):
    last = chain("none")
    with guarded(last, deadline=30) as run:
        run(1)
        last.stop()
    last.stop()
    assert leaks() == []


def test_fifty_runs_in_one_interpreter_do_not_grow(leaks):
    mine = psutil.Process()

    def once() -> None:
        with guarded(chain("none"), deadline=30) as run:
            run(1)

    once()
    gc.collect()
    files, maps, memory = mine.num_fds(), len(mine.memory_maps(grouped=False)), mine.memory_info().rss
    for _ in range(50):
        once()
    gc.collect()
    assert mine.num_fds() <= files + 4
    # Every semaphore and every shared block is a mapping.
    assert len(mine.memory_maps(grouped=False)) <= maps + 20
    assert mine.memory_info().rss - memory < 30 * 2**20
    assert leaks() == []


@pytest.mark.parametrize("num_steps", [0, -1])
def test_number_of_steps_must_be_positive(num_steps):
    with guarded(chain("none"), deadline=30) as run, pytest.raises(ValueError, match="num_steps: found"):
        run(num_steps)


@pytest.mark.parametrize("deadline", [0, -1.0])
def test_deadline_must_be_positive(deadline):
    with pytest.raises(ValueError, match="deadline: found"), guarded(chain("none"), deadline=deadline):
        pass


def test_outside_its_block_it_refuses():
    run = guarded(chain("none"))
    with pytest.raises(RuntimeError, match="outside its with block"):
        run(1)
