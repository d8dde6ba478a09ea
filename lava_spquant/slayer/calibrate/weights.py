"""Weights shaped so that their quantiser, which looks at nothing but the weights, errs least."""

from __future__ import annotations

import torch
from torch import Tensor

from lava_spquant.slayer.quant import Ternary, Uniform, WeightQuantiser
from lava_spquant.slayer.quant.base import spread
from lava_spquant.slayer.quant.symmetric import clip_and_round

__all__ = ["fit_weights", "weight_error"]

CANDIDATES = 40
"""Clips that are tried, in equal steps up to the largest weight."""


@torch.no_grad()
def fit_weights(weight: Tensor, quantiser: WeightQuantiser) -> Tensor:
    """Return weights whose quantised values have the least mean-square error to `weight`.

    A uniform quantiser takes its step from the largest weight, and a ternary one its zeros from a fraction of it. Here
    the largest are clipped, and the small set to 0, where that lessens the error; so the result needs no quantiser of
    its own, and training can go on from it. Other quantisers get the weights as they are.

    Parameters
    ----------
    weight : Tensor, shape (C_out, ...)
    quantiser : WeightQuantiser

    Returns
    -------
    Tensor

    Examples
    --------
    >>> fit_weights(torch.tensor([[1.0, 0.9, -1.1, 0.1]]), Ternary()).tolist()[0][3]
    0.0
    """
    if isinstance(quantiser, Uniform):
        return _clipped(weight, quantiser)
    if isinstance(quantiser, Ternary):
        return _thinned(weight, quantiser)
    return weight.clone()


def weight_error(weight: Tensor, quantised: Tensor) -> float:
    """Return the relative error `|q - w| / |w|`, 0 for weights of all zeros."""
    size = float(weight.norm())
    return float((quantised - weight).norm()) / size if size else 0.0


def _rows(weight: Tensor, per_channel: bool) -> Tensor:
    return weight.reshape(len(weight) if per_channel else 1, -1)


def _best(errors: Tensor, choices: Tensor) -> Tensor:
    """Return, per row, the choice (K, R) of the smallest error (K, R)."""
    return choices.gather(0, errors.argmin(dim=0, keepdim=True))[0]


def _clipped(weight: Tensor, quantiser: Uniform) -> Tensor:
    top = _rows(weight.abs(), quantiser.per_channel).amax(dim=1)
    clips = torch.stack([top * k / CANDIDATES for k in range(CANDIDATES, 0, -1)])
    errors = torch.stack(
        [
            _rows((clip_and_round(weight, clip, quantiser.bits).real() - weight).square(), quantiser.per_channel).sum(1)
            for clip in clips
        ]
    )
    clip = spread(_best(errors, clips), weight.ndim)
    return torch.minimum(torch.maximum(weight, -clip), clip)


def _thinned(weight: Tensor, quantiser: Ternary) -> Tensor:
    rows = _rows(weight.abs(), quantiser.per_channel)
    low = max(round(quantiser.fraction * CANDIDATES), 1)
    levels = torch.stack([rows.amax(dim=1) * k / CANDIDATES for k in range(low, CANDIDATES + 1)])
    errors = []
    for level in levels:
        kept = (rows >= level[:, None]) & (rows > 0)
        scale = (rows * kept).sum(1) / kept.sum(1).clamp(min=1)
        errors.append((rows - scale[:, None] * kept).square().sum(1))
    level = spread(_best(torch.stack(errors), levels), weight.ndim)
    return torch.where(weight.abs() >= level, weight, torch.zeros_like(weight))
