"""Keep Lava from adding a console handler to the root logger with every Process it makes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["root_handlers_kept"]


@contextmanager
def root_handlers_kept() -> Iterator[None]:
    """Restore the root logger's handlers after the block; else each message would be shown once per Process."""
    handlers = list(logging.root.handlers)
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
