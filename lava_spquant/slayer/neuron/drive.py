"""What a branch hands to a neuron that applies scale, batch-norm and bias itself."""

from __future__ import annotations

from torch import Tensor

from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.layout import channels_last, is_repeated
from lava_spquant.slayer.neuron.op import Current, Dynamics, batch_statistics, choose
from lava_spquant.slayer.norm import BatchNorm

__all__ = ["drive"]


def drive(branch: Branch, x: Tensor, dynamics: Dynamics) -> Current:
    """Return a branch's accumulators with the affine map that makes them its current.

    Parameters
    ----------
    branch : Branch
    x : Tensor, (T, N, ...)
        Whole numbers. A static image, the same memory at every step, passes the synapse once.
    dynamics : Dynamics
        Of the neuron; decides with the device what computes the statistics of batch-norm.
    """
    once = x[:1] if is_repeated(x) else x
    if branch.norm is not None and type(branch.norm) is not BatchNorm:
        # A norm of the user's, such as torch's SyncBatchNorm, normalises by itself.
        return Current(branch.current(once))
    z = channels_last(branch.accumulate(channels_last(once)))
    scale, norm, bias = branch.reads.scale, branch.norm, branch.bias
    if norm is None:
        return Current(z, scale, None, bias)
    offset = norm.bias if bias is None else norm.bias + bias
    return Current(z, scale, norm.weight, offset, batch_statistics(norm, z, scale, choose(z, dynamics)))
