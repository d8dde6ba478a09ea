"""What a guarded run raises of its own."""

from __future__ import annotations

__all__ = ["DeadlineError", "ModelError", "ModelTraceback", "ProcessDiedError"]


class DeadlineError(TimeoutError):
    """A guarded run that did not end in the time it was given."""


class ProcessDiedError(RuntimeError):
    """A Process that ended without an exception, for instance killed for want of memory."""


class ModelError(RuntimeError):
    """Stands for an exception of a ProcessModel that cannot travel between operating-system processes."""


class ModelTraceback(Exception):  # noqa: N818 (not an error: it carries text as the cause of one)
    """The traceback of a ProcessModel as text, set as the `__cause__` of the exception it belongs to."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"
