"""What a measurement was made on, so that a figure never travels without it."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Machine", "available_cores", "machine"]

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """A computer.

    Attributes
    ----------
    cpu : str
        Model name of the processor.
    cores : int
        Logical cores that this process may use.
    system : str
        Operating system and architecture.
    python : str
        Version of the interpreter.
    """

    cpu: str
    cores: int
    system: str
    python: str

    def __str__(self) -> str:
        """Return it in one line."""
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"{self.cpu}, {cores}, {self.system}, Python {self.python}"

    def values(self) -> dict[str, str | int]:
        """Return it as JSON values."""
        return asdict(self)


def machine() -> Machine:
    """Return the computer that this process runs on.

    Examples
    --------
    >>> machine().cores >= 1
    True
    """
    system = f"{platform.system()} {platform.machine()}"
    return Machine(_cpu_model(_CPU_INFO), available_cores(), system, platform.python_version())


def _cpu_model(info: Path) -> str:
    """Return the model name: Linux tells it in a file, other systems tell Python."""
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return " ".join(value.split())
    return platform.processor() or platform.machine() or "unknown CPU"


def available_cores() -> int:
    """Return how many processor cores this process may run on."""
    # Not os.cpu_count() where it can be avoided: a container is often given fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
