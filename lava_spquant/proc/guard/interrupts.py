"""Ctrl-C held back while something must not be cut short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupts_held"]


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C for the block, and deliver it at the end; children forked inside never receive it at all.

    Blocking the signal alone would not do: a mask holds for one thread, any other thread takes the signal then, and
    Python raises KeyboardInterrupt in the main thread nevertheless. So the handler is replaced, which only the main
    thread can do, and only the main thread needs. The mask is for the children, which inherit it.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, if the signal came and that is what its handler raises.

    Examples
    --------
    >>> try:
    ...     with interrupts_held():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("complete")
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    complete
    interrupted
    """
    noted: list[int] = []
    # A handler that was not set from Python reads as None: it cannot be put back, and raises nothing here.
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not None
    # The handler first: changing the mask delivers what has come so far, and must not be cut short by it.
    handler = signal.signal(signal.SIGINT, lambda number, _: noted.append(number)) if ours else None
    try:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        if ours:
            signal.signal(signal.SIGINT, handler)
        if noted:
            signal.raise_signal(signal.SIGINT)
