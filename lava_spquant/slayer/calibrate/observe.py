"""What arrives at a block of a running network."""

from __future__ import annotations

import torch
from torch import Tensor

from lava_spquant.slayer import exact
from lava_spquant.slayer.block import Block
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.network import SpikingNetwork

__all__ = ["branch_currents", "inputs_of"]


class _SeenError(Exception):
    """Ends a forward pass at the block that was waited for."""


@torch.no_grad()
def inputs_of(model: SpikingNetwork, part: Block, x: Tensor) -> list[Tensor]:
    """Return what `part` of `model` reads, time-major, one tensor per branch; blocks behind it do not run.

    Parameters
    ----------
    model : SpikingNetwork
        In `eval()` mode.
    part : Block
        One of its deployed blocks.
    x : Tensor, NCT or NCHWT
    """
    seen: list[Tensor] = []

    def look(_: object, arrived: tuple[Tensor, ...]) -> None:
        seen.extend(arrived)
        raise _SeenError

    handle = part.register_forward_pre_hook(look)
    try:
        model(x)
    except _SeenError:
        pass
    finally:
        handle.remove()
    return [time_major(t) for t in seen]


@torch.no_grad()
def branch_currents(part: Block, inputs: list[Tensor]) -> list[Tensor]:
    """Return the current (T, N, C, ...) of every branch as it is deployed, but for the rounding of gains."""
    currents = []
    for branch, x in zip(part.branches, inputs, strict=True):
        branch.fit(tuple(x.shape[2:]))
        acc = exact.accumulate(branch.to_ir_synapse(part.kind), x.flatten(0, 1), branch.reads.bounds)
        factor, offset = (
            torch.as_tensor(values, dtype=x.dtype, device=x.device).reshape((-1,) + (1,) * (acc.ndim - 2))
            for values in branch.affine()
        )
        currents.append((acc.to(x.dtype) * factor + offset).unflatten(0, x.shape[:2]))
    return currents
