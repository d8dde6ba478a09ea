"""Memory of a process that trains."""

from __future__ import annotations

from pathlib import Path

__all__ = ["forget_peak", "peak"]

MIB = 1 << 20
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""Written to `clear_refs`, it sets the peak back to what the process holds now (proc(5))."""


def forget_peak(device: str) -> float | None:
    """Forget the peak so far and return what is held, in MiB; None where the system does not tell."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / MIB
    if not CLEAR.exists():
        return None
    CLEAR.write_text(RESET_PEAK)
    return _status("VmRSS")


def peak(device: str) -> float:
    """Return the most that was held since `forget_peak`, in MiB."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / MIB
    return _status("VmHWM")


def _status(field: str) -> float:
    """Return one of Linux's figures of this process in MiB."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[field].split()[0]) / 1024
