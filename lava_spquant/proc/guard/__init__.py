"""The guarded run of a graph of Lava Processes."""

from lava_spquant.proc.guard.errors import DeadlineError, ModelError, ModelTraceback, ProcessDiedError
from lava_spquant.proc.guard.run import guarded

__all__ = ["DeadlineError", "ModelError", "ModelTraceback", "ProcessDiedError", "guarded"]
