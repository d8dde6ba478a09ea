"""The ends, in the parent, of the channels to a run's services: none of their waits is without an end."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from lava.magma.runtime.mgmt_token_enums import MGMT_RESPONSE, enum_equal

from lava_spquant.proc.guard.deadline import Deadline

__all__ = ["POLL", "BoundedReceiver", "BoundedSender"]

POLL = 0.05
"""Seconds between two looks at the children while something is waited for."""


class BoundedSender:
    """Lava's port for commands, for a receiver that may no longer be there.

    Parameters
    ----------
    port : CspSendPort
        A port that has been started.
    deadline : Deadline
    look : callable
        Called between two waits; raises where there is nothing more to wait for.
    """

    def __init__(self, port: Any, deadline: Deadline, look: Callable[[], None]) -> None:
        self._port, self._deadline, self._look = port, deadline, look

    @property
    def thread(self) -> Any:
        """The thread that listens at the port."""
        return self._port.thread

    def probe(self) -> bool:
        """Tell whether there is room for a message."""
        return bool(self._port.probe())

    def send(self, data: Any) -> None:
        """Send a message, once there is room for it."""
        while not self._has_room():
            self._look()
        self._port.send(data)

    def _has_room(self) -> bool:
        if self.probe():
            return True
        room = self._port._semaphore
        if not room.acquire(timeout=min(POLL, self._deadline.remaining)):
            return False
        room.release()
        return True


class BoundedReceiver:
    """Lava's port for answers, for a sender that may no longer be there.

    Parameters
    ----------
    port : CspRecvPort
        A port that has been started.
    deadline : Deadline
    look : callable
        Called between two waits; raises where there is nothing more to wait for.
    refused : callable
        Called where the first answer to a command is an error; raises what is behind it.

    Attributes
    ----------
    command_is_new : bool
        Whether the next message is the first answer to a command. Only there does the code of an error mean one:
        further messages may be values of a Var, and those may be anything.
    """

    def __init__(self, port: Any, deadline: Deadline, look: Callable[[], None], refused: Callable[[], None]) -> None:
        self._port, self._deadline, self._look, self._refused = port, deadline, look, refused
        self.command_is_new = False

    @property
    def thread(self) -> Any:
        """The thread that listens at the port."""
        return self._port.thread

    def probe(self) -> bool:
        """Tell whether a message is there."""
        return bool(self._port.probe())

    def recv(self) -> Any:
        """Return the next message, once it is there."""
        while not self._arrived():
            self._look()
        message = self._port.recv()
        first, self.command_is_new = self.command_is_new, False
        if first and enum_equal(message, MGMT_RESPONSE.ERROR):
            self._refused()
        return message

    def _arrived(self) -> bool:
        if self.probe():
            return True
        try:
            self._port._queue.get(timeout=min(POLL, self._deadline.remaining), peek=True)
        except queue.Empty:
            return False
        return True
