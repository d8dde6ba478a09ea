"""Integer networks as Lava Processes, on the CPU or on Loihi-class hardware."""

from lava_spquant.proc.config import run_config
from lava_spquant.proc.guard import DeadlineError, ModelError, ModelTraceback, ProcessDiedError, guarded

__all__ = ["DeadlineError", "ModelError", "ModelTraceback", "ProcessDiedError", "guarded", "run_config"]
