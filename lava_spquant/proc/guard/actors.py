"""The operating-system processes behind a Lava run: how they report an exception, and how they end."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from lava.magma.runtime.message_infrastructure.multiprocessing import MultiProcessing, SystemProcess
from lava.magma.runtime.message_infrastructure.shared_memory_manager import SharedMemoryManager

from lava_spquant.proc.guard.answers import Answering
from lava_spquant.proc.guard.errors import ModelError, ModelTraceback, ProcessDiedError
from lava_spquant.proc.guard.orphan import tied_to_this_process

__all__ = ["Actors", "end", "failure", "last_words"]

_log = logging.getLogger(__name__)

_MOMENT = 0.01
"""Seconds between two looks at children that are about to speak."""


@contextmanager
def _garbage_kept() -> Iterator[bool]:
    """Collect no garbage while a process is forked; the value is whether it was collected before.

    What waits in the parent for collection belongs to libraries whose threads a fork does not copy: in a child that
    collects it, their destructors crash now and then.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield collected
    finally:
        if collected:
            gc.enable()


class Actors(MultiProcessing):
    """Lava's message infrastructure, whose actors only raise what their parent can receive.

    They leave their parent's garbage alone, and end with it.
    """

    def start(self) -> None:
        """Start the process that manages shared memory; it makes no garbage of its own that would need collecting."""
        self._smm = SharedMemoryManager()
        with _garbage_kept():
            self._smm._manager.start(tied_to_this_process())

    def build_actor(self, target_fn: Callable[..., None], builder: Any, exception_q: Any = None) -> SystemProcess:
        """Start an operating-system process that builds and runs one ProcessModel or service."""
        tie = tied_to_this_process()

        def target(**kwargs: Any) -> None:
            tie()
            gc.freeze()
            if collected:
                gc.enable()
            kwargs["builder"] = Answering(kwargs["builder"])
            try:
                target_fn(**kwargs)
            except Exception as error:
                portable = _transportable(error)
                if portable is error:
                    raise
                raise portable from error

        with _garbage_kept() as collected:
            return super().build_actor(target, builder, exception_q)


def _transportable(error: Exception) -> Exception:
    """Return `error` itself where it survives the pipe to the parent, else a `ModelError` that names it."""
    try:
        copy = ForkingPickler.loads(ForkingPickler.dumps(error))
        if type(copy) is type(error) and str(copy) == str(error):
            return error
    except Exception:  # noqa: BLE001 (whatever a foreign exception's own pickling raises)
        _log.debug("an exception of type %s cannot be pickled", type(error).__qualname__)
    return ModelError(f"{type(error).__qualname__}: {error}")


def failure(actors: Sequence[SystemProcess], names: Sequence[str], patience: float) -> Exception | None:
    """Return why one of `actors` failed, or None: before the end of a run, none of them may have ended.

    Parameters
    ----------
    actors : sequence of SystemProcess
    names : sequence of str
        What each of them is, for the message.
    patience : float
        Seconds that all get to say why, where one has ended with exit code 0. It may have been told to, by a service
        that another has reported an error to, and that other one may be slower to give its reason.

    Returns
    -------
    Exception or None
        What a ProcessModel raised, with the traceback of the model as cause, or a
        `ProcessDiedError` where one ended without a word.
    """
    ended = [name for actor, name in zip(actors, names, strict=True) if actor.exitcode is not None]
    if not ended:
        return _report(actors, names)
    return last_words(actors, names, patience) or _died(ended[0], 0)


def last_words(actors: Sequence[SystemProcess], names: Sequence[str], patience: float) -> Exception | None:
    """Wait at most `patience` seconds until one of `actors` says why it fails, or dies by something else than an end.

    Parameters
    ----------
    actors : sequence of SystemProcess
    names : sequence of str
        What each of them is, for the message.
    patience : float

    Returns
    -------
    Exception or None
        As from `failure`; None if all are silent, and alive or ended with exit code 0.
    """
    give_up = time.monotonic() + patience
    while True:
        # A look at the exit codes first: what was sent before the end is then already in the pipe.
        codes = [(name, actor.exitcode) for actor, name in zip(actors, names, strict=True)]
        error = _report(actors, names)
        if error is None:
            error = next((_died(name, code) for name, code in codes if code), None)
        if error is not None or time.monotonic() >= give_up:
            return error
        time.sleep(_MOMENT)


def _report(actors: Sequence[SystemProcess], names: Sequence[str]) -> Exception | None:
    """Return what one of `actors` raised, with its traceback as cause."""
    for actor, name in zip(actors, names, strict=True):
        try:
            report = actor.exception
        except (EOFError, OSError):
            continue
        if report is not None:
            error, text = report
            error.__cause__ = ModelTraceback(f"in the ProcessModel of {name}:\n{text}")
            return error
    return None


def _died(name: str, exitcode: int) -> ProcessDiedError:
    return ProcessDiedError(f"Process {name}: ended with exit code {exitcode} before the run did, expected it to stay")


def end(actors: Sequence[SystemProcess], grace: float) -> None:
    """Wait at most `grace` seconds for `actors` to end, then kill those that are left, and reap all.

    Only these processes are touched, each by its own handle.
    """
    # Where an earlier call was cut short, some have been closed already.
    living: list[BaseProcess] = [actor for actor in actors if not (actor._is_done or actor._closed)]
    give_up = time.monotonic() + grace
    waiting = {actor.sentinel for actor in living}
    while waiting and time.monotonic() < give_up:
        waiting -= set(connection.wait(list(waiting), timeout=max(0.0, give_up - time.monotonic())))
    for actor in living:
        if actor.exitcode is None:
            actor.kill()
    for actor in living:
        try:
            actor.join()
        except (EOFError, OSError):  # killed while it was writing to its pipe
            _log.debug("actor %s left half a message", actor)
