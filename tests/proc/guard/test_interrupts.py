from __future__ import annotations

import signal
import threading

import pytest

from lava_spquant.proc.guard.interrupts import interrupts_held


def blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.fixture(autouse=True)
def leaves_signals_alone():
    handler = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is handler
    assert not blocked()


def held(*deeds) -> None:
    with interrupts_held():
        for deed in deeds:
            deed()


def test_block_is_completed_before_the_interrupt(interrupt):
    done = []
    with pytest.raises(KeyboardInterrupt):
        held(interrupt, lambda: done.append("all"))
    assert done == ["all"]


def test_many_interrupts_are_one(interrupt):
    with pytest.raises(KeyboardInterrupt):
        held(interrupt, lambda: signal.raise_signal(signal.SIGINT), interrupt)


def test_an_inner_block_leaves_it_to_the_outer_one(interrupt):
    done = []
    with pytest.raises(KeyboardInterrupt):
        held(lambda: held(interrupt), lambda: done.append("after the inner one"))
    assert done == ["after the inner one"]


def test_an_exception_of_the_block_is_kept_as_context(interrupt):
    with pytest.raises(KeyboardInterrupt) as caught:
        held(interrupt, lambda: 1 / 0)
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_handler_of_the_caller_decides(interrupt):
    found = []
    before = signal.signal(signal.SIGINT, lambda number, _: found.append(number))
    try:
        held(interrupt, lambda: found.append("late"))
        assert found == ["late", signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        held(interrupt)
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_an_interrupt_nothing_happens():
    with interrupts_held():
        assert blocked()  # as children inherit it


def test_other_threads_only_block_the_signal():
    found = []

    def hold() -> None:
        handler = signal.getsignal(signal.SIGINT)
        held(lambda: found.extend([blocked(), signal.getsignal(signal.SIGINT) is handler]))
        found.append(blocked())

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert found == [True, True, False]
