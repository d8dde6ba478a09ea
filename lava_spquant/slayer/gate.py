"""Gates in training: masks of currents, what predictors should open, and samples that gradients pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lava_spquant import ir
from lava_spquant.slayer.quant.base import pass_through

__all__ = ["GATES", "MASS", "GateConfig", "gumbel", "open_mask", "part_of_batch", "target_mask"]

MASS = 0.85
"""Share r of a layer's activity that a target mask keeps, in Fire-Together-Wire-Together and SpQuant-SNN."""

GATES = {"none": (), "channel": ("channel",), "spatial": ("spatial",), "both": ("channel", "spatial")}
"""Kinds of predictors by the name that recipes use."""

_part: tuple[int, int] | None = None


@dataclass(frozen=True)
class GateConfig:
    """Which predictors gate a block, and how they learn.

    Parameters
    ----------
    kind : {"none", "channel", "spatial", "both"}
    cell : int
        Height and width of the places that a spatial gate opens together, in what the block reads.
    joint : bool
        The task's gradient reaches the predictors through Gumbel samples of their masks, under a budget on open
        channels or cells (Dynamic Dual Gating, Li et al. 2021). Else they learn decoupled, by cross-entropy, to open
        what holds most of the real layer's activity (Fire-Together-Wire-Together, Elkerdawy et al. 2022).
    temperature : float
        Of the Gumbel samples.
    weight : str
        Quantiser of the predictors' weights.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    kind: str = "channel"
    cell: int = 2
    joint: bool = False
    temperature: float = 0.4
    weight: str = "sawb8"

    def __post_init__(self) -> None:
        if self.kind not in GATES:
            raise ValueError(f"gates: kind: found {self.kind!r}, expected one of {', '.join(GATES)}")
        if self.cell < 1:
            raise ValueError(f"gates: cell: found {self.cell}, expected at least 1")
        if not self.temperature > 0:
            raise ValueError(f"gates: temperature: found {self.temperature}, expected a positive number")


def open_mask(gates: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """Return the product of all gates, as it multiplies a current.

    Parameters
    ----------
    gates : sequence of Tensor, (T, N, *gate shape)
        0 or 1: one per channel, or one per cell of places; see `lava_spquant.ir.Gate`.
    shape : sequence of int
        Shape of the gated block, (C, H, W) or (C,).

    Returns
    -------
    Tensor
        Broadcastable to (T, N, *shape).
    """
    mask = torch.ones((), device=gates[0].device)
    for gate in gates:
        own = tuple(gate.shape[2:])
        if ir.is_channel_gate(own, tuple(shape)):
            spread = gate.reshape(*gate.shape[:2], shape[0], *(1 for _ in shape[1:]))
        else:
            spread = gate
            for axis, (cells, size) in enumerate(zip(own[1:], shape[1:], strict=True), start=3):
                spread = spread.repeat_interleave(-(-size // cells), axis).narrow(axis, 0, size)
        mask = mask * spread
    return mask


def target_mask(mass: Tensor, share: float = MASS) -> Tensor:
    """Return which channels (or cells) hold so much of a layer's activity, the largest first, as 0 or 1.

    Parameters
    ----------
    mass : Tensor, (..., C)
        At least 0.
    share : float
        r: channels are kept, largest first, while their running sum is at most this share of the whole. The largest
        is always kept, where any is above 0; 1 keeps all that are.

    Returns
    -------
    Tensor, (..., C)
        As `lava_spquant.prune.statistics.target_mask` has it; sums are of float64, whatever comes in.

    Examples
    --------
    >>> target_mask(torch.tensor([5.0, 0.0, 1.0, 4.0]), 0.9).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    ranked, order = mass.sort(dim=-1, descending=True, stable=True)
    running = _running_sum(ranked.double())
    # The whole is where the running sum ends: a sum in another order may differ from it by rounding.
    kept = (running <= share * running[..., -1:]) | (share >= 1)
    kept[..., 0] = True
    kept &= ranked > 0
    return torch.zeros_like(mass).scatter(-1, order, kept.to(mass.dtype))


def _running_sum(values: Tensor) -> Tensor:
    """Return the running sum along the last axis: torch's own has no deterministic form on a GPU.

    After each pass a place holds the sum of twice as many values, itself and those before it.
    """
    reach = 1
    while reach < values.shape[-1]:
        values = values + pad(values[..., :-reach], (reach, 0))
        reach *= 2
    return values


@contextmanager
def part_of_batch(start: int, total: int) -> Iterator[None]:
    """Declare that a process's samples are those from `start` on of a batch of `total`.

    Their noise is then theirs in the draw for the whole batch: processes whose generators are in one state, as training
    keeps them, draw for all samples what one process would.
    """
    global _part  # noqa: PLW0603 (a process computes one part of a batch at a time)
    before, _part = _part, (start, total)
    try:
        yield
    finally:
        _part = before


def gumbel(logits: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return a random mask with straight-through gradients, and the soft one that gives them.

    Parameters
    ----------
    logits : Tensor
        (T, N, ...) within `part_of_batch`; else of any shape.
    temperature : float

    Returns
    -------
    mask, soft : Tensor
        0 or 1, and `sigmoid((logits + noise) / temperature)` with logistic noise: the difference of two Gumbel ones.
    """
    noise = _uniform(logits).clamp_(1e-6, 1 - 1e-6).logit()
    soft = torch.sigmoid((logits + noise) / temperature)
    return pass_through((soft > 0.5).to(logits.dtype), soft), soft


def _uniform(like: Tensor) -> Tensor:
    """Return random numbers, 0..1, of the shape and for the samples of `like`; drawn in the order of its axes."""
    if _part is None:
        return torch.rand(like.shape, dtype=like.dtype, device=like.device)
    start, total = _part
    whole = torch.rand((like.shape[0], total, *like.shape[2:]), dtype=like.dtype, device=like.device)
    return whole.narrow(1, start, like.shape[1])
