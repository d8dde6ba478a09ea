"""What a branch hands to the neuron: accumulators, and what is still to be done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from lava_spquant.slayer.neuron.op.choice import choose
from lava_spquant.slayer.neuron.op.current import Current, batch_statistics
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.norm import BatchNorm

if TYPE_CHECKING:
    from lava_spquant.slayer.branch import Branch

__all__ = ["inflow"]


def inflow(branch: Branch, x: Tensor, dynamics: Dynamics) -> Current:
    """Return the current of `branch`, equal to `branch.current(x)`, without writing it down.

    Parameters
    ----------
    branch : Branch
    x : Tensor, (T, N, ...)
        Whole numbers; one view at every step passes the synapse once.
    dynamics : Dynamics
        Of the neuron that reads it, which decides who computes the statistics.
    """
    if x.shape[0] > 1 and x.stride(0) == 0:
        x = x[:1]
    norm = branch.norm
    if norm is not None and type(norm) is not BatchNorm:
        return Current(branch.current(x))
    z = branch.accumulate(x)
    factor = branch.reads.scale
    if norm is None:
        return Current(z, factor, offset=branch.bias)
    statistics = batch_statistics(norm, z, factor, choose(z, dynamics))
    offset = norm.bias
    if branch.bias is not None:
        offset = branch.bias if offset is None else offset + branch.bias
    return Current(z, factor, norm.weight, offset, statistics)
