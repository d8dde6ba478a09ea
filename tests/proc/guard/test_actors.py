"""Children that end before the run does, each in its own way."""

from __future__ import annotations

import pytest

from lava_spquant.proc import ModelTraceback, ProcessDiedError, guarded
from lava_spquant.proc.guard import runtime
from tests.proc.faulty.errors import SlowError
from tests.proc.guard.test_run import attempt, chain


@pytest.fixture
def in_haste(monkeypatch):
    """Wait a shorter while for somebody else to say why a child has left."""
    monkeypatch.setattr(runtime, "_GRACE", 0.5)


@pytest.mark.usefixtures("in_haste")
@pytest.mark.parametrize("fault", ["leave", "leave_at_once"])
def test_child_that_leaves_without_a_word_is_named(fault, leaks):
    with pytest.raises(ProcessDiedError, match=r"first \(Fault\): ended with exit code 0"):
        attempt(chain(fault), 5)
    assert leaks() == []


@pytest.mark.usefixtures("in_haste")
def test_child_that_leaves_while_it_is_built_is_named(leaks):
    with (
        pytest.raises(ProcessDiedError, match=r"first \(Fault\): ended with exit code 0"),
        guarded(chain("leave_build"), deadline=30),
    ):
        pass
    assert leaks() == []


def test_who_is_ended_because_of_another_is_not_blamed(leaks):
    """The service ends the rest with exit code 0 before the exception has arrived."""
    with pytest.raises(SlowError, match="step 3 went wrong") as caught:
        attempt(chain("raise_slowly"), 5)
    assert isinstance(caught.value.__cause__, ModelTraceback)
    assert leaks() == []
