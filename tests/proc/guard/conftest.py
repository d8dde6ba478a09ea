"""A second thread, which takes a signal that the main thread blocks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Return a function that has another thread receive Ctrl-C, as one of BLAS may."""
    over = threading.Event()
    bystander = threading.Thread(target=over.wait, name="bystander")
    bystander.start()

    def send() -> None:
        signal.pthread_kill(bystander.ident or 0, signal.SIGINT)
        time.sleep(0.1)  # for Python to notice

    yield send
    over.set()
    bystander.join()
