"""Input currents as the neuron takes them: what a synapse returned, with the affine map that is still to be applied."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lava_spquant.slayer.neuron.op.backend import Backend
from lava_spquant.slayer.neuron.op.recompute import remembered
from lava_spquant.slayer.norm import BatchNorm, merge_moments, spans_processes

__all__ = ["Current", "Statistics", "batch_statistics"]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and spread that batch-norm takes away, of `factor * z`.

    Attributes
    ----------
    mean, inverse : Tensor
        Mean, and `1 / sqrt(variance + eps)`, float64 (C,).
    count : int
        Values per channel that they were computed from; 0 where they are running statistics and do not depend
        on the input.
    spread : bool
        Whether the values are spread over several processes.
    """

    mean: Tensor
    inverse: Tensor
    count: int
    spread: bool


@dataclass(frozen=True, eq=False)
class Current:
    """`gain * ((factor * z - mean) * inverse) + offset` per channel, in units of the block's current.

    Attributes
    ----------
    z : Tensor
        Accumulators (T, N, C, ...), or (1, N, C, ...) where every step has the same; the only large tensor.
    factor : float
        Real value of one unit of z.
    gain, offset : Tensor or None
        (C,); None is 1 and 0.
    statistics : Statistics or None
        None normalises nothing.
    """

    z: Tensor
    factor: float = 1.0
    gain: Tensor | None = None
    offset: Tensor | None = None
    statistics: Statistics | None = None


@torch.compiler.disable  # type: ignore[misc,unused-ignore]
@torch.no_grad()
def batch_statistics(norm: BatchNorm, z: Tensor, factor: float, backend: Backend) -> Statistics:
    """Return the statistics that `norm` uses for `factor * z`; in training, update its running ones.

    Raises
    ------
    ValueError
        In training, if there is one value per channel, and no running statistics yet.
    """
    if not norm.training and norm.running_mean is not None:
        return _running(norm)
    return remembered(lambda: _of_batch(norm, z, factor, backend))


def _running(norm: BatchNorm) -> Statistics:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    return Statistics(mean, torch.rsqrt(variance + norm.eps), 0, False)


def _of_batch(norm: BatchNorm, z: Tensor, factor: float, backend: Backend) -> Statistics:
    count = z.numel() // z.shape[2]
    mean, squares = backend.moments(z)
    mean, squares = mean * factor, squares * factor**2
    spread = spans_processes()
    if spread:
        mean, squares, count = merge_moments(mean, squares, count)
    if count <= 1:
        norm.check_stand_in()
        return _running(norm)
    if norm.training:
        norm.track(mean, squares / (count - 1))
    return Statistics(mean, torch.rsqrt(squares / count + norm.eps), count, spread)
