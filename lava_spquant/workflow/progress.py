"""Progress of long work, told to whoever asked for it; drawing it is one choice among others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

__all__ = ["Progress", "bars", "silent"]

Progress = Callable[[str, int], Callable[[int], None]]
"""Called with a task's name and its total; returns what is called with how much of it is done."""


def silent(name: str, total: int) -> Callable[[int], None]:
    """Start a task and show nothing."""
    return lambda done: None


@contextmanager
def bars(console: Console | None = None) -> Iterator[Progress]:
    """Show one bar per task, in a terminal or a notebook.

    Parameters
    ----------
    console : rich.console.Console, optional
        Standard error by default, so that results on standard output stay clean.

    Examples
    --------
    >>> import io
    >>> with bars(Console(file=io.StringIO())) as progress:
    ...     done = progress("Lava", 50)
    ...     done(50)
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rich = RichProgress(*columns, console=console or Console(stderr=True))

    def start(name: str, total: int) -> Callable[[int], None]:
        # Not before the first task: until then another display, such as training's, may be alive.
        rich.start()
        task = rich.add_task(name, total=total)
        return lambda done: rich.update(task, completed=done)

    try:
        yield start
    finally:
        if rich.tasks:
            rich.stop()
