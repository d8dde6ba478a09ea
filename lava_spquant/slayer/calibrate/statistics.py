"""Currents of a branch: their statistics, and giving a quantised branch those of the float one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.norm import BatchNorm
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["Moments", "is_adjustable", "match_moments", "moments", "scale_current", "set_weight"]

DEAD = 1e-9
"""A channel that spreads less carries nothing."""

STEEPEST = 2.0
"""Most that a channel's spread is corrected by, either way: rare channels have few samples."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and standard deviation per channel, (C,)."""

    mean: Tensor
    std: Tensor


def moments(current: Tensor) -> Moments:
    """Return the moments of a current (T, N, C, ...) over all but its channels."""
    flat = current.transpose(0, 2).flatten(1).double()
    return Moments(flat.mean(dim=1), flat.std(dim=1, correction=0))


def is_adjustable(branch: Branch) -> bool:
    """Tell whether the branch has parameters that scale its current: not a plain pool, nor a plain skip connection."""
    return branch.norm is not None or isinstance(branch.synapse, WeightedSynapse)


@torch.no_grad()
def match_moments(branch: Branch, found: Moments, wanted: Moments) -> None:
    """Change what follows the branch's synapse so that a current with moments `found` gets those `wanted`.

    Batch-norm takes both: its running statistics become those of what it reads now, so that training, which goes by
    the batch's, begins where calibration ends. Without it the bias, which is added if need be, takes the mean; the
    spread goes into the weights where each channel has a scale of its own, which leaves their integers as they are.
    """
    if not is_adjustable(branch):
        return
    bias = torch.zeros_like(found.mean) if branch.bias is None else branch.bias.double()
    if branch.norm is not None:
        _match_norm(branch.norm, Moments(found.mean - bias, found.std), Moments(wanted.mean - bias, wanted.std))
        return
    synapse, ratio = branch.synapse, torch.ones_like(bias)
    assert isinstance(synapse, WeightedSynapse)
    if synapse.quantiser.per_channel:
        ratio = torch.where(found.std > DEAD, wanted.std / found.std.clamp(min=DEAD), ratio)
        ratio = ratio.clamp(1 / STEEPEST, STEEPEST)
        set_weight(synapse, synapse.weight * _rows(ratio, synapse.weight))
    shift = wanted.mean - ratio * (found.mean - bias)
    if branch.bias is None:
        branch.bias = nn.Parameter(torch.zeros_like(shift, dtype=synapse.weight.dtype))
    branch.bias.copy_(shift)


def _match_norm(norm: BatchNorm, found: Moments, wanted: Moments) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, var, gamma, beta = (t.double() for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    # What arrives, from what leaves; a channel that is dead, or that batch-norm silences, says nothing about it.
    alive = (found.std > DEAD) & (gamma.abs() > DEAD)
    slope = torch.where(alive, gamma, torch.ones_like(gamma)) / (var + norm.eps).sqrt()
    arrives = Moments(mean + (found.mean - beta) / slope, found.std / slope.abs())
    size = torch.minimum(torch.maximum(wanted.std, gamma.abs() / STEEPEST), gamma.abs() * STEEPEST)
    norm.running_mean.copy_(torch.where(alive, arrives.mean, mean))
    norm.running_var.copy_(torch.where(alive, arrives.std.square(), var))
    norm.weight.copy_(torch.where(alive, gamma.sign() * size, gamma))
    norm.bias.copy_(torch.where(alive, wanted.mean, beta + wanted.mean - found.mean))


@torch.no_grad()
def scale_current(branch: Branch, factor: float) -> None:
    """Multiply an adjustable branch's current by `factor`; its integers stay as they are."""
    if branch.norm is not None:
        branch.norm.weight.mul_(factor)
        branch.norm.bias.mul_(factor)
    else:
        assert isinstance(branch.synapse, WeightedSynapse)
        set_weight(branch.synapse, branch.synapse.weight * factor)
    if branch.bias is not None:
        branch.bias.mul_(factor)


@torch.no_grad()
def set_weight(synapse: WeightedSynapse, weight: Tensor) -> None:
    """Give a synapse its float weights, whether or not their length is trained apart."""
    if synapse.weight_norm_enabled:
        synapse.weight = weight  # type: ignore[assignment]  # taken apart into direction and length
    else:
        synapse.weight.copy_(weight)


def _rows(values: Tensor, weight: Tensor) -> Tensor:
    return values.to(weight.dtype).reshape((-1,) + (1,) * (weight.ndim - 1))
