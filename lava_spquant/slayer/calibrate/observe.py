"""What arrives at a block of a running network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lava_spquant.slayer import exact
from lava_spquant.slayer.block import Block
from lava_spquant.slayer.gate import open_mask
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.network import SpikingNetwork

__all__ = ["Arrived", "arrived", "branch_currents"]


class _SeenError(Exception):
    """Ends a forward pass at the block that was waited for."""


@dataclass(frozen=True, eq=False)
class Arrived:
    """What one block got in a forward pass.

    Attributes
    ----------
    inputs : tuple of Tensor, (T, N, ...)
        One per branch.
    gates : tuple of Tensor, (T, N, *gate shape)
        0 or 1, from the predictors before it; none where all of the block is open.
    """

    inputs: tuple[Tensor, ...]
    gates: tuple[Tensor, ...] = ()

    def passes(self, current: Tensor) -> Tensor:
        """Return what gates leave of a block's current (T, N, C, ...)."""
        return current * open_mask(self.gates, current.shape[2:]) if self.gates else current


@torch.no_grad()
def arrived(model: SpikingNetwork, part: Block, x: Tensor) -> Arrived:
    """Return what `part` of `model` gets; blocks behind it do not run.

    Parameters
    ----------
    model : SpikingNetwork
        In `eval()` mode.
    part : Block
        One of its deployed blocks.
    x : Tensor, NCT or NCHWT
    """
    seen: list[Arrived] = []

    def look(_: object, inputs: tuple[Tensor, ...], options: dict[str, Any]) -> None:
        gates = options.get("gates", ())
        seen.append(Arrived(tuple(map(time_major, inputs)), tuple(map(time_major, gates))))
        raise _SeenError

    handle = part.register_forward_pre_hook(look, with_kwargs=True)
    try:
        model(x)
    except _SeenError:
        pass
    finally:
        handle.remove()
    return seen[0]


@torch.no_grad()
def branch_currents(part: Block, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    """Return the current (T, N, C, ...) of every branch as it is deployed, but for gates and the rounding of gains."""
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
