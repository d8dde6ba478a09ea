"""What a training runs on: not part of a recipe, because it changes how long training takes and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["ACCELERATORS", "STRATEGIES", "Hardware", "is_first_process"]

ACCELERATORS = ("auto", "cpu", "gpu")

STRATEGIES = ("auto", "ddp")
"""Lightning's names; `ddp` starts the running program again for every further process."""


@dataclass(frozen=True)
class Hardware:
    """Processes that train together.

    Parameters
    ----------
    accelerator : {"auto", "cpu", "gpu"}
    devices : int
        Processes on each machine: one per GPU, or any number on a CPU.
    num_nodes : int
        Machines; all of them have to see the folder that is trained into.
    strategy : {"auto", "ddp"}

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    accelerator: str = "auto"
    devices: int = 1
    num_nodes: int = 1
    strategy: str = "auto"

    def __post_init__(self) -> None:
        for what, names in (("accelerator", ACCELERATORS), ("strategy", STRATEGIES)):
            if getattr(self, what) not in names:
                raise ValueError(f"hardware: {what}: found {getattr(self, what)!r}, expected one of {', '.join(names)}")
        for what in ("devices", "num_nodes"):
            if getattr(self, what) < 1:
                raise ValueError(f"hardware: {what}: found {getattr(self, what)}, expected at least 1")


def is_first_process() -> bool:
    """Say whether this process is the one that tells of the result, among those that train together.

    The others are started by Lightning or `torchrun`, which tell them their number in the environment.
    """
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"))
