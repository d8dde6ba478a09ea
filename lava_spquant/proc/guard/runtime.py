"""A Lava Runtime that never waits for ever and leaves nothing behind."""

from __future__ import annotations

import atexit
import logging
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from typing import Any

from lava.magma.compiler.executable import Executable
from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND, MGMT_RESPONSE, enum_equal
from lava.magma.runtime.runtime import Runtime

from lava_spquant.proc.guard.actors import Actors, end, failure
from lava_spquant.proc.guard.deadline import Deadline
from lava_spquant.proc.guard.errors import DeadlineError, ProcessDiedError

__all__ = ["GuardedRuntime", "interrupts_held"]

_log = logging.getLogger(__name__)

_POLL = 0.05
"""Seconds between two looks at the children while a run is under way."""

_GRACE = 3.0
"""Seconds that healthy children get to stop, and failing ones to say why."""


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C for the block; children forked inside never receive it at all."""
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)


class GuardedRuntime(Runtime):
    """Lava's Runtime with bounded waits, the model's own exceptions and a complete end.

    Parameters
    ----------
    executable : Executable
    deadline : Deadline
        Holds for building and for every run.
    """

    def __init__(self, executable: Executable, deadline: Deadline, loglevel: int = logging.WARNING) -> None:
        super().__init__(executable, ActorType.MultiProcessing, loglevel)
        self.exception_q: list[Any] = []
        self._deadline = deadline
        self._healthy = True
        self._closed = False

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """Start all children and wait until each of them has built its model."""
        with interrupts_held():
            super().initialize(node_cfg_idx)

    @property
    def processes(self) -> list[AbstractProcess]:
        """The leaf Processes of the graph."""
        return list(self._executable.process_list)

    def give_up(self) -> None:
        """Let `stop` kill the children at once instead of asking them."""
        self._healthy = False

    def stop(self) -> None:
        """End every child and release all shared memory; the second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with interrupts_held():
            self._is_running = self._is_started = False
            try:
                self._end_children()
            finally:
                self._release()

    # Steps of Lava's own initialize() and run(), replaced.

    def _build_message_infrastructure(self) -> None:
        self._messaging_infrastructure = Actors()
        self._messaging_infrastructure.start()

    def _start_ports(self) -> None:
        super()._start_ports()
        actors = self._messaging_infrastructure.actors
        for reported, actor, name in zip(self.exception_q, actors, self._names(), strict=True):
            self._await_build(reported, actor, name)
        # Lava would now read the queues once more, without a limit.
        self.exception_q = []

    def _await_build(self, reported: Any, actor: Any, name: str) -> None:
        while reported.empty():
            self._check("building", [actor], [name])
            time.sleep(_POLL / 50)
        try:
            error = reported.get()
        except Exception as unreadable:  # noqa: BLE001 (whatever unpickling a foreign exception raises)
            error = unreadable
        if error is not None:
            # The actor's own pipe has the same exception, with its traceback.
            self._raise_failure()

    def _get_resp_for_run(self) -> None:
        if not self._is_running:
            return
        for port in self.service_to_runtime:
            self._await_message(port)
            answer = port.recv()
            if enum_equal(answer, MGMT_RESPONSE.REQ_PAUSE):
                self.pause()
                return
            if enum_equal(answer, MGMT_RESPONSE.REQ_STOP):
                self.stop()
                return
            if not enum_equal(answer, MGMT_RESPONSE.DONE):
                self._raise_failure()
        self._is_running = False

    def _await_message(self, port: Any) -> None:
        actors, names = self._messaging_infrastructure.actors, self._names()
        while not self._arrived(port):
            self._check(f"{self.num_steps} time steps", actors, names)

    def _arrived(self, port: Any) -> bool:
        try:
            port._queue.get(timeout=min(_POLL, self._deadline.remaining), peek=True)
        except queue.Empty:
            return False
        return True

    def _check(self, what: str, actors: Sequence[Any], names: Sequence[str]) -> None:
        error = failure(actors, names)
        if error is None and self._deadline.passed:
            error = DeadlineError(f"Lava run: {what}: not finished within the deadline of {self._deadline.seconds:g} s")
        if error is not None:
            self._healthy = False
            raise error

    def _raise_failure(self) -> None:
        """Raise what a failing child has to say; it gets a moment to say it."""
        self._healthy = False
        give_up = time.monotonic() + _GRACE
        while time.monotonic() < give_up:
            self._check("the failing ProcessModel", self._messaging_infrastructure.actors, self._names())
            time.sleep(_POLL / 10)
        raise ProcessDiedError("Lava run: a Process reported an error and did not say which")

    def _names(self) -> list[str]:
        """Say what every actor is, in the order in which Lava starts them."""
        processes = [_qualified_name(p) for p in self._executable.proc_builders]
        services = [f"runtime service {i}" for i in range(len(self._executable.runtime_service_builders or {}))]
        # Fewer where building stopped early.
        return [*processes, *services][: len(self._messaging_infrastructure.actors)]

    # The end.

    def _end_children(self) -> None:
        infrastructure = self._messaging_infrastructure
        if infrastructure is None:
            return
        if self._healthy and self._is_initialized:
            for port in self.runtime_to_service:
                port.send(MGMT_COMMAND.STOP)
        end(infrastructure.actors, _GRACE if self._healthy and self._is_initialized else 0.0)
        infrastructure.actors.clear()

    def _release(self) -> None:
        self.join()  # tells the threads that listen at the ports of this process to end
        for port in (*self.runtime_to_service, *self.service_to_runtime):
            if port.thread is not None:
                port.thread.join(_GRACE)
        if self._watchdog_manager is not None:
            _end_watchdog(self._watchdog_manager)
        memory = self._messaging_infrastructure.smm if self._messaging_infrastructure is not None else None
        if memory is None:
            return
        handles: list[SharedMemory] = list(memory._shared_memory_handles)
        memory.shutdown()
        for handle in handles:
            try:
                handle.unlink()  # only where the manager died before it could
            except FileNotFoundError:
                continue


def _end_watchdog(manager: Any) -> None:
    """End the watchdog's processes, which may be waiting for a port that no longer moves."""
    if getattr(manager, "_mp_manager", None) is None:
        return
    for process in (manager._lm, manager._sm):
        process.kill()
        process.join()
    manager._mp_manager.shutdown()
    manager._mp_manager = None
    atexit.unregister(manager.stop)


def _qualified_name(process: Any) -> str:
    """Return the path of names from the outermost Process, and the class."""
    names = [process.name]
    parent = getattr(process, "process", None)
    while parent is not None:
        names.append(parent.name)
        parent = getattr(parent, "process", None)
    return f"{'.'.join(reversed(names))} ({type(process).__qualname__})"
