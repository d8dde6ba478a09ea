"""Ctrl-C while Lightning trains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import lightning as L

__all__ = ["ctrl_c_raises"]


@contextmanager
def ctrl_c_raises(trainer: L.Trainer) -> Iterator[None]:
    """Turn Lightning's answer to Ctrl-C back into `KeyboardInterrupt`.

    Lightning ends the whole program (older releases: the fit only), and has SIGINT ignored from then on.

    Parameters
    ----------
    trainer : lightning.Trainer
        What trains inside.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit:
        if not trainer.interrupted:
            raise
    if trainer.interrupted:
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt(f"training stopped in epoch {trainer.current_epoch}; call again to resume")
