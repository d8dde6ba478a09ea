"""Reading, setting and pausing wait no longer than a run; the end is complete whatever cuts it short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from lava.magma.core.run_conditions import RunContinuous, RunSteps

from lava_spquant.proc import DeadlineError, ProcessDiedError, guarded
from lava_spquant.proc.guard import runtime as module
from tests.paths import ROOT
from tests.proc.faulty.errors import PlainError
from tests.proc.faulty.process import Fault
from tests.proc.guard.test_run import chain

ASK = {
    "reading": lambda process: process.count.get(),
    "setting": lambda process: process.count.set(np.array([4])),
    # More than the channel has room for.
    "setting much": lambda process: process.count.set(np.zeros(500)),
}


def send(process, name: str, number: int) -> None:
    """Send a signal to the child of a guarded run that is called `name`."""
    runtime = process.runtime
    (pid,) = [
        actor.pid
        for actor, actors_name in zip(runtime._messaging_infrastructure.actors, runtime._names(), strict=True)
        if actors_name.startswith(name)
    ]
    os.kill(pid, number)


def attempt(process, *deeds, deadline: float = 30) -> None:
    with guarded(process, deadline=deadline) as run:
        run(1)
        for deed in deeds:
            deed(process)


@pytest.mark.parametrize("victim", ["lone", "runtime service 0"])
@pytest.mark.parametrize("ask", ASK)
def test_a_dead_child_is_named_to_whoever_asks_it(ask, victim, leaks):
    with pytest.raises(ProcessDiedError, match=f"Process {victim}.*: ended with exit code -9"):
        attempt(Fault(name="lone"), lambda process: send(process, victim, signal.SIGKILL), ASK[ask])
    assert leaks() == []


@pytest.mark.parametrize("ask", ["reading", "setting much"])
def test_a_child_that_does_not_answer_meets_the_deadline(ask, leaks):
    message = rf"{ask.split()[0]} Var count of lone \(Fault\): not finished within the deadline of 4 s"
    with pytest.raises(DeadlineError, match=message):
        attempt(
            Fault(name="lone"),
            lambda process: send(process, "runtime service 0", signal.SIGSTOP),
            ASK[ask],
            deadline=4,
        )
    assert leaks() == []


def test_values_that_look_like_errors_are_values():
    lone = Fault(name="lone")
    with guarded(lone, deadline=30) as run:
        run(1)
        lone.count.set(np.array([-2]))
        assert lone.count.get() == -2


def test_a_paused_run_can_be_read(leaks):
    last = chain("none")
    with guarded(last, deadline=30):
        last.run(RunContinuous())
        time.sleep(0.1)
        last.pause()
        assert last.count.get() == last.count.get() > 0
    assert leaks() == []


def test_a_run_that_has_ended_can_be_paused():
    last = chain("none")
    with guarded(last, deadline=30):
        last.run(RunSteps(num_steps=2, blocking=False))
        time.sleep(0.5)
        last.pause()
        assert last.count.get() == 2


def start(process) -> None:
    process.run(RunContinuous())


def test_pausing_raises_what_the_model_raised(leaks):
    def pause(process) -> None:
        time.sleep(0.5)
        process.pause()
        # On a slow machine the pause came first.
        process.run(RunSteps(num_steps=5))

    with pytest.raises(PlainError, match="step 3 went wrong"):
        attempt(chain("raise"), start, pause)
    assert leaks() == []


def test_pausing_names_a_dead_child(leaks):
    with pytest.raises(ProcessDiedError, match=r"Process lone \(Fault\): ended with exit code -9"):
        attempt(
            Fault(name="lone"),
            start,
            lambda process: send(process, "lone", signal.SIGKILL),
            lambda process: process.pause(),
        )
    assert leaks() == []


@pytest.mark.parametrize("step", ["end", "join"])
def test_an_interrupt_while_it_ends_skips_nothing(step, monkeypatch, interrupt, leaks):
    """As Ctrl-C pressed twice, where another thread takes the second."""
    owner = {"end": module, "join": module.GuardedRuntime}[step]
    original = getattr(owner, step)

    def interrupted(*args):
        interrupt()
        original(*args)

    monkeypatch.setattr(owner, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        attempt(chain("none"), lambda _: 1 / 0)
    assert leaks() == ["thread bystander"]


@pytest.mark.parametrize("step", ["end", "interrupts_held"])
def test_an_end_that_is_cut_short_is_taken_up_again(step, monkeypatch, leaks):
    original = getattr(module, step)
    calls = []

    def cut_short(*args):
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return original(*args)

    with pytest.raises(KeyboardInterrupt):
        attempt(chain("none"), lambda _: monkeypatch.setattr(module, step, cut_short))
    assert leaks() == []


def test_stop_can_be_repeated_until_it_is_done(monkeypatch, leaks):
    last = chain("none")
    with guarded(last, deadline=30) as run:
        run(1)
        with monkeypatch.context() as patch:
            patch.setattr(module, "end", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                last.stop()
        assert leaks() != []
        last.stop()
        assert leaks() == []
        last.stop()


def test_a_build_that_hangs_can_be_interrupted(leaks):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), guarded(chain("hang_build"), deadline=30):
        pass
    timer.join()
    assert leaks() == []


SCRIPT = """
from lava_spquant.proc import guarded
from tests.proc.faulty.errors import PlainError
from tests.proc.guard.test_run import attempt, chain

try:
    attempt(chain("interrupts"), 5, deadline=120)
except PlainError as error:
    print(error)
"""


def test_children_never_receive_an_interrupt():
    """In an interpreter of its own, as the first shared memory launches a process, which unblocks interrupts."""
    script = [sys.executable, "-c", SCRIPT]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.stdout == "interrupts blocked: True\n", result.stderr
