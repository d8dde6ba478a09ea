"""Children that do not outlive their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

__all__ = ["tied_to_this_process"]

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux: the signal that the kernel sends when the thread that forked a process is gone."""


def tied_to_this_process() -> Callable[[], None]:
    """Return what a child calls first so that the kernel ends it with the process that calls this.

    A parent that is killed, by hand or for want of memory, can end nobody itself. Other systems than Linux know no such
    request; there, and in a thread that may end before its process, the child goes on as it would have.
    """
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return _untied
    parent = os.getpid()
    # Loaded before the fork: a child should do little.
    request = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        request(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was killed before the request
            os._exit(1)

    return tie


def _untied() -> None:
    """Leave the child as it is."""
