"""Inputs that are small whole numbers, as bytes."""

from __future__ import annotations

import torch
from torch import Tensor

from lava_spquant.jit import run_workers
from lava_spquant.slayer.byte_conv import _compiled

__all__ = ["whole_bytes"]

SMALL = 2**16
"""Values that are quicker done than handed to another thread."""


def whole_bytes(x: Tensor) -> tuple[Tensor, int] | None:
    """Return `x` in uint8 with the number of values that are not 0, or None if one of them is no whole 0..255.

    Parameters
    ----------
    x : Tensor, float32, (M, C, H, W)
        On a CPU.

    Returns
    -------
    (Tensor, int) or None
        The tensor is channels-last.
    """
    memory = x.detach().permute(0, 2, 3, 1).contiguous()
    result = torch.empty(memory.shape, dtype=torch.uint8)
    source, target = memory.view(-1).numpy(), result.view(-1).numpy()
    workers = max(1, min(torch.get_num_threads(), len(source) // SMALL))
    events = [0] * workers

    def work(worker: int) -> None:
        start, stop = (len(source) * edge // workers for edge in (worker, worker + 1))
        events[worker] = int(_compiled.bytes_of(source, target, start, stop))

    run_workers(workers, work)
    return None if min(events) < 0 else (result.permute(0, 3, 1, 2), sum(events))
