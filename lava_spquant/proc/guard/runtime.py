"""A Lava Runtime whose every wait ends by its deadline, and that leaves nothing behind."""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NoReturn

from lava.magma.compiler.executable import Executable
from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.process.process import AbstractProcess
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND, MGMT_RESPONSE, enum_equal
from lava.magma.runtime.runtime import Runtime

from lava_spquant.proc.guard.actors import Actors, end, failure, last_words
from lava_spquant.proc.guard.deadline import Deadline
from lava_spquant.proc.guard.errors import DeadlineError, ProcessDiedError
from lava_spquant.proc.guard.interrupts import interrupts_held
from lava_spquant.proc.guard.ports import POLL, BoundedReceiver, BoundedSender

__all__ = ["GuardedRuntime"]

_GRACE = 3.0
"""Seconds that healthy children get to stop, and failing ones to say why."""


class GuardedRuntime(Runtime):
    """Lava's Runtime with bounded waits, the model's own exceptions and a complete end.

    Parameters
    ----------
    executable : Executable
    deadline : Deadline
        Holds for building, for every run, and for reading, setting and pausing.
    """

    def __init__(self, executable: Executable, deadline: Deadline, loglevel: int = logging.WARNING) -> None:
        super().__init__(executable, ActorType.MultiProcessing, loglevel)
        self.runtime_to_service: list[Any] = []
        self.service_to_runtime: list[Any] = []
        self.exception_q: list[Any] = []
        self._is_running: bool = False
        self._builds: list[Any] = []
        self._blocks: list[SharedMemory] = []
        self._deadline = deadline
        self._doing = "building"
        self._healthy = True
        self._closed = False

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """Start all children and wait until each of them has built its model."""
        # Else this happens with the first shared memory, and whoever launches the tracker unblocks interrupts.
        resource_tracker.ensure_running()
        with interrupts_held():
            super().initialize(node_cfg_idx)
            self._is_initialized = False  # not before the models are built
        self._await_builds()
        self._is_initialized = True

    @property
    def processes(self) -> list[AbstractProcess]:
        """The leaf Processes of the graph."""
        return list(self._executable.process_list)

    def give_up(self) -> None:
        """Let `stop` kill the children at once instead of asking them."""
        self._healthy = False

    def get_var(self, var_id: int, idx: Any = None) -> Any:
        """Read a Var, as Lava does."""
        with self._command(f"reading {self._var_name(var_id)}"):
            return super().get_var(var_id, idx)

    def set_var(self, var_id: int, value: Any, idx: Any = None) -> None:
        """Set a Var, as Lava does."""
        with self._command(f"setting {self._var_name(var_id)}"):
            super().set_var(var_id, value, idx)

    def pause(self) -> None:
        """Pause a run that was started without waiting for its end."""
        if not self._is_running:
            return
        with self._command("pausing"):
            for sender in self.runtime_to_service:
                sender.send(MGMT_COMMAND.PAUSE)
            for receiver in self.service_to_runtime:
                while not enum_equal(answer := receiver.recv(), MGMT_RESPONSE.PAUSED):
                    if enum_equal(answer, MGMT_RESPONSE.REQ_STOP):
                        self.stop()
                        return
                    # Before the command arrived the run may have ended, or a model have asked for a pause itself.
                    if not any(enum_equal(answer, word) for word in (MGMT_RESPONSE.DONE, MGMT_RESPONSE.REQ_PAUSE)):
                        self._raise_failure()
        self._is_running = False

    def stop(self) -> None:
        """End every child and release all shared memory.

        Where something cuts it short, the next call does what is left; once all is done, a call does nothing.
        """
        if self._closed:
            return
        with interrupts_held():
            self._is_running = self._is_started = False
            # The last one first, and each of them even where one before it fails.
            with ExitStack() as steps:
                steps.callback(self._release_memory)
                steps.callback(_end_watchdog, self._watchdog_manager)
                steps.callback(self._close_ports)
                steps.callback(self._end_children)
            self._closed = True

    # Steps of Lava's own initialize() and run(), replaced.

    def _build_message_infrastructure(self) -> None:
        self._messaging_infrastructure = Actors()
        self._messaging_infrastructure.start()

    def _start_ports(self) -> None:
        super()._start_ports()
        self.runtime_to_service = [BoundedSender(p, self._deadline, self._look) for p in self.runtime_to_service]
        self.service_to_runtime = [
            BoundedReceiver(p, self._deadline, self._look, self._raise_failure) for p in self.service_to_runtime
        ]
        # Lava would now read the queues without a limit.
        self._builds, self.exception_q = self.exception_q, []

    def _await_builds(self) -> None:
        for reported in self._builds:
            while reported.empty():
                self._look()
                time.sleep(POLL / 50)
            try:
                error = reported.get()
            except Exception as unreadable:  # noqa: BLE001 (whatever unpickling a foreign exception raises)
                error = unreadable
            if error is not None:
                # The actor's own pipe has the same exception, with its traceback.
                self._raise_failure()
        self._builds = []

    def _run(self, run_condition: Any) -> None:
        with self._command("starting a run"):
            super()._run(run_condition)

    def _get_resp_for_run(self) -> None:
        if not self._is_running:
            return
        with self._command(f"{self.num_steps} time steps"):
            for port in self.service_to_runtime:
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

    # What may go wrong meanwhile.

    @contextmanager
    def _command(self, what: str) -> Iterator[None]:
        """Say in the messages of errors that `what` was under way; every service answers it anew."""
        before, self._doing = self._doing, what
        for port in self.service_to_runtime:
            port.command_is_new = True
        try:
            yield
        finally:
            self._doing = before

    def _look(self) -> None:
        """Raise where there is nothing more to wait for."""
        error = failure(self._messaging_infrastructure.actors, self._names(), _GRACE)
        if error is None and self._deadline.passed:
            error = DeadlineError(
                f"Lava run: {self._doing}: not finished within the deadline of {self._deadline.seconds:g} s"
            )
        if error is not None:
            self._healthy = False
            raise error

    def _raise_failure(self) -> NoReturn:
        """Raise what a failing child has to say; it gets a moment to say it."""
        self._healthy = False
        error = last_words(self._messaging_infrastructure.actors, self._names(), _GRACE)
        raise error or ProcessDiedError(f"Lava run: {self._doing}: a Process reported an error and did not say which")

    def _names(self) -> list[str]:
        """Say what every actor is, in the order in which Lava starts them."""
        processes = [_qualified_name(p) for p in self._executable.proc_builders]
        services = [f"runtime service {i}" for i in range(len(self._executable.runtime_service_builders or {}))]
        # Fewer where building stopped early.
        return [*processes, *services][: len(self._messaging_infrastructure.actors)]

    def _var_name(self, var_id: int) -> str:
        """Say what a Var is, as far as Lava's compiler knows it."""
        model = self._executable.node_configs[0].var_models.get(var_id)
        owners = [_qualified_name(p) for p in self.processes if p.id == getattr(model, "proc_id", None)]
        return " of ".join([f"Var {getattr(model, 'name', var_id)}", *owners])

    # The end. Every step may be done again.

    def _end_children(self) -> None:
        infrastructure = self._messaging_infrastructure
        if infrastructure is None:
            return
        # They are asked once; whoever comes again does not wait again.
        ask, self._healthy = self._healthy and self._is_initialized, False
        if ask:
            for port in self.runtime_to_service:
                if port.probe():  # one that is full belongs to a service that does not listen
                    port.send(MGMT_COMMAND.STOP)
        end(infrastructure.actors, _GRACE if ask else 0.0)
        infrastructure.actors.clear()

    def _close_ports(self) -> None:
        self.join()  # tells the threads that listen at the ports of this process to end
        for port in (*self.runtime_to_service, *self.service_to_runtime):
            if port.thread is not None:
                port.thread.join(_GRACE)

    def _release_memory(self) -> None:
        memory = self._messaging_infrastructure.smm if self._messaging_infrastructure is not None else None
        if memory is None:
            return
        self._blocks.extend(memory._shared_memory_handles)  # which the shutdown forgets
        try:
            memory.shutdown()
        finally:
            while self._blocks:
                with suppress(FileNotFoundError):
                    self._blocks[-1].unlink()  # only where the manager died before it could
                self._blocks.pop()


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
