"""Keep Lava from remembering every Process for as long as the interpreter lives."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lava.magma.core.process.process import ProcessServer
from lava.magma.core.process.variable import VarServer

__all__ = ["unlisted"]


@contextmanager
def unlisted() -> Iterator[None]:
    """Take back what making a Process leaves in global lists that nothing in Lava reads.

    Each Process adds a console handler to the root logger, so that a message would be shown once
    per Process, and itself and its Vars, with all their weights, to lists that only grow.
    """
    lists: tuple[list[Any], ...] = (logging.root.handlers, ProcessServer().processes, VarServer().vars)
    known = [set(map(id, entries)) for entries in lists]
    try:
        yield
    finally:
        for entries, before in zip(lists, known, strict=True):
            entries[:] = [entry for entry in entries if id(entry) in before]
