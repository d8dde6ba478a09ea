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
        A GPU is one that CUDA knows; "auto" takes it where there is one.
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
        if self.accelerator == "mps":
            expected = f"one of {', '.join(ACCELERATORS)}: neurons compute in float64, which it lacks"
            raise ValueError(f"hardware: accelerator: found 'mps', expected {expected}")
        for what, names in (("accelerator", ACCELERATORS), ("strategy", STRATEGIES)):
            if getattr(self, what) not in names:
                raise ValueError(f"hardware: {what}: found {getattr(self, what)!r}, expected one of {', '.join(names)}")
        for what in ("devices", "num_nodes"):
            if getattr(self, what) < 1:
                raise ValueError(f"hardware: {what}: found {getattr(self, what)}, expected at least 1")

    @property
    def processes(self) -> int:
        """How many train together, on all machines."""
        return self.devices * self.num_nodes

    def backend(self) -> str:
        """Return Lightning's name of what computes, "cuda" or "cpu".

        Lightning's own "auto" and "gpu" prefer Apple's GPUs, which lack float64.

        Raises
        ------
        ValueError
            If a GPU is wanted, and CUDA knows none.
        """
        import torch  # slow to import, and the command reads options before it

        if self.accelerator == "cpu":
            return "cpu"
        known = torch.cuda.is_available()
        if self.accelerator == "gpu" and not known:
            raise ValueError("hardware: accelerator: found 'gpu' and no GPU that CUDA knows, expected auto or cpu")
        return "cuda" if known else "cpu"


def is_first_process(processes: int) -> bool:
    """Say whether this process is the one that tells of the result, among those that train together.

    The others are started by Lightning, `torchrun` or a cluster's scheduler, which tell them their number in the
    environment. A scheduler's number counts where no other is given, as in Lightning; and only where several train
    together, since it also numbers tasks that have nothing to do with each other.

    Parameters
    ----------
    processes : int
        How many train together; see `Hardware.processes`.
    """
    if any(os.environ.get(name, "0") != "0" for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK")):
        return False
    if processes == 1 or "RANK" in os.environ or "LOCAL_RANK" in os.environ:
        return True
    scheduled = (os.environ.get(name) for name in ("SLURM_PROCID", "JSM_NAMESPACE_RANK"))
    return next((number for number in scheduled if number is not None), "0") == "0"
