"""Several processes with a process group, for what is computed by all of them together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

__all__ = ["run_in_processes"]


def run_in_processes(work: Callable[..., Any], folder: Path, *arguments: Any, world: int = 2) -> list[Any]:
    """Return what `work(rank, *arguments)` returned in each of `world` gloo processes.

    It has to be a function of a module, and to return tensors and plain values.
    """
    mp.start_processes(_one, (work, folder, world, arguments), nprocs=world, start_method="spawn")
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(world)]


def _one(rank: int, work: Callable[..., Any], folder: Path, world: int, arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=world)
    torch.save(work(rank, *arguments), folder / f"{rank}.pt")
    dist.barrier()
    # Taking gloo's threads down in order can wait for ever on a peer that is already gone.
    os._exit(0)
