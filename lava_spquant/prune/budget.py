"""Which channels stay, so that a network costs no more than it may."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir

__all__ = ["COSTS", "FLOOR", "choose_channels", "cost", "keep_widths"]

FLOOR = 0.1
"""Share of a width's channels that always stays: without it one layer could become a bottleneck of one channel."""

Places = Callable[[ir.Shape], int]

COSTS: dict[str, Places] = {
    "operations": lambda shape: math.prod(shape[1:]),
    "weights": lambda shape: 1,
}
"""How often each weight counts, given its block's shape: multiplications per step of a dense network, or memory."""


def cost(network: ir.Network, kind: str = "operations") -> int:
    """Return what all weights of a network cost.

    Parameters
    ----------
    network : ir.Network
    kind : {"operations", "weights"}
    """
    places = _places(kind)
    return sum(
        branch.synapse.num_weights * places(shape)
        for block, shape in zip(network.blocks, network.shapes, strict=True)
        for branch in block.branches
    )


def choose_channels(
    network: ir.Network,
    scores: Sequence[NDArray[np.float64]],
    *,
    share: float = 1.0,
    kind: str = "operations",
    bound: float = 0.0,
    floor: float = FLOOR,
) -> tuple[ir.Keep, ...]:
    """Return which channels stay: those below `bound` go first, then the lowest until the cost is low enough.

    Scores are compared across widths as multiples of their width's mean.

    Parameters
    ----------
    network : ir.Network
    scores : sequence of numpy.ndarray, float64 (C,)
        Per width of `ir.widths(network)`; larger matters more.
    share : float
        Share of the cost that may be left, 0..1.
    kind : {"operations", "weights"}
        What is counted; see `COSTS`.
    bound : float
        Channels with a lower score go whatever the cost is.
    floor : float
        Share of every width that stays, 0..1; at least one channel does.

    Raises
    ------
    ValueError
        If a number is out of range, scores do not fit, or the floor leaves more than may be left.
    """
    widths = ir.widths(network)
    _check(widths, scores, share, floor)
    keep = [np.ones(width.channels, bool) for width in widths]
    least = [width.channels if width.fixed else max(1, math.ceil(floor * width.channels)) for width in widths]
    counts = _Counts(network, widths, kind)
    aim = share * counts.cost(keep)
    ranked = sorted(
        (values[channel] >= bound, values[channel] / (values.mean() or 1.0), number, channel)
        for number, values in enumerate(scores)
        for channel in range(len(values))
    )
    for matters, _, number, channel in ranked:
        spare = keep[number].sum() > least[number]
        keep[number][channel] = not spare or (matters and counts.cost(keep) <= aim)
    left = counts.cost(keep)
    if left > aim:
        raise ValueError(
            f"prune: share: found {share:g} of the {kind}, expected at least {left / counts.cost_of_all:.3f}: "
            f"{floor:.0%} of every width stays"
        )
    return tuple(keep)


def keep_widths(
    network: ir.Network, scores: Sequence[NDArray[np.float64]], channels: Sequence[int]
) -> tuple[ir.Keep, ...]:
    """Return which channels stay where it is said how many: those with the highest scores.

    Parameters
    ----------
    network : ir.Network
    scores : sequence of numpy.ndarray, float64 (C,)
        Per width of `ir.widths(network)`; larger matters more.
    channels : sequence of int
        How many stay of each width that may change, at least 1.

    Raises
    ------
    ValueError
        If scores do not fit, there are not as many numbers as widths that may change, or one is out of range.
    """
    widths = ir.widths(network)
    _check(widths, scores, 1.0, 0.0)
    free = [width.channels for width in widths if not width.fixed]
    if len(channels) != len(free) or not all(1 <= n <= most for n, most in zip(channels, free, strict=True)):
        raise ValueError(f"prune: widths: found {list(channels)}, expected one number each, from 1 to {free}")
    wanted = iter(channels)
    keep = []
    for width, values in zip(widths, scores, strict=True):
        stays = np.zeros(width.channels, bool)
        stays[np.argsort(-values, kind="stable")[: width.channels if width.fixed else next(wanted)]] = True
        keep.append(stays)
    return tuple(keep)


class _Counts:
    """The cost of a network by how many channels each width keeps."""

    def __init__(self, network: ir.Network, widths: Sequence[ir.Width], kind: str) -> None:
        places = _places(kind)
        of = {block: number for number, width in enumerate(widths) for block in width.blocks}
        # Per branch with weights: cost at all channels, width of its outputs, and of its inputs if these count too.
        self.terms: list[tuple[int, int, int | None]] = []
        for index, (block, shape) in enumerate(zip(network.blocks, network.shapes, strict=True)):
            for branch in block.branches:
                grouped = isinstance(branch.synapse, ir.Conv) and branch.synapse.groups > 1
                source = None if grouped or branch.source == ir.INPUT else of[branch.source]
                if branch.synapse.num_weights:
                    self.terms.append((branch.synapse.num_weights * places(shape), of[index], source))
        self.channels = [width.channels for width in widths]
        self.cost_of_all = sum(term[0] for term in self.terms)

    def cost(self, keep: Sequence[ir.Keep]) -> float:
        share = [mask.sum() / channels for mask, channels in zip(keep, self.channels, strict=True)]
        return float(sum(full * share[out] * (1 if into is None else share[into]) for full, out, into in self.terms))


def _places(kind: str) -> Places:
    if kind not in COSTS:
        raise ValueError(f"prune: cost: found {kind!r}, expected one of {', '.join(COSTS)}")
    return COSTS[kind]


def _check(widths: Sequence[ir.Width], scores: Sequence[NDArray[np.float64]], share: float, floor: float) -> None:
    shapes = [values.shape for values in scores]
    expected = [(width.channels,) for width in widths]
    if shapes != expected:
        raise ValueError(f"prune: scores: found shapes {shapes}, expected {expected}")
    if not all(np.isfinite(values).all() for values in scores):
        raise ValueError("prune: scores: found NaN or infinity, expected finite numbers")
    for what, value in (("share", share), ("floor", floor)):
        if not 0 <= value <= 1:
            raise ValueError(f"prune: {what}: found {value}, expected 0..1")
