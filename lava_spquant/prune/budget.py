"""Which channels stay, so that a network costs no more than it may."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.ir.storage import BIAS_BITS, GAIN_BITS, stored_bits

__all__ = ["COSTS", "FLOOR", "choose_channels", "cost", "keep_widths"]

FLOOR = 0.1
"""Share of a width's channels that always stays: without it one layer could become a bottleneck of one channel."""

Cost = Callable[[ir.Block, ir.Shape], tuple[list[int], int]]
"""What the weights of each branch of a block of this shape cost, and what the block costs beside them."""


def _operations(block: ir.Block, shape: ir.Shape) -> tuple[list[int], int]:
    return [branch.synapse.num_weights * math.prod(shape[1:]) for branch in block.branches], 0


def _weights(block: ir.Block, shape: ir.Shape) -> tuple[list[int], int]:
    return [branch.synapse.num_weights for branch in block.branches], 0


def _memory(block: ir.Block, shape: ir.Shape) -> tuple[list[int], int]:
    synapses = [branch.synapse for branch in block.branches]
    gains = sum(branch.gain.size for branch in block.branches)
    state = math.prod(shape) * block.neuron.state_bits
    weights = [synapse.num_weights * stored_bits(synapse.weight_bits) for synapse in synapses]
    return weights, gains * GAIN_BITS + block.bias.size * BIAS_BITS + state


COSTS: dict[str, Cost] = {"operations": _operations, "weights": _weights, "memory": _memory}
"""What can be counted: multiplications per step of a dense network, weights however wide, or all bits that are kept.

Memory is that of `lava_spquant.report.memory`: weights, gains, biases and state as built.
"""


def cost(network: ir.Network, kind: str = "operations") -> int:
    """Return what a network costs.

    Parameters
    ----------
    network : ir.Network
    kind : {"operations", "weights", "memory"}
        What is counted; see `COSTS`. Memory is in bits.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    count = _cost_of(kind)
    parts = (count(block, shape) for block, shape in zip(network.blocks, network.shapes, strict=True))
    return sum(sum(weights) + rest for weights, rest in parts)


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
    kind : {"operations", "weights", "memory"}
        What is counted; see `COSTS`.
    bound : float
        Channels with a lower score go whatever the cost is; not NaN.
    floor : float
        Share of every width that stays, 0..1; at least one channel does, and two where `ir.Width.least` says so.

    Raises
    ------
    ValueError
        If a number is out of range, scores do not fit, or the floor leaves more than may be left.
    """
    widths = ir.widths(network)
    _check(widths, scores, share, floor, bound)
    keep = [np.ones(width.channels, bool) for width in widths]
    least = [width.channels if width.fixed else max(width.least, math.ceil(floor * width.channels)) for width in widths]
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
            f"prune: share: found {share:g} of the {kind}, expected at least {_share(left, counts.cost_of_all):.3f}: "
            f"{floor:.0%} of every width stays"
        )
    return tuple(keep)


def _share(left: int, whole: int) -> float:
    """Return the smallest share in thousandths that allows `left` of `whole`, as `choose_channels` multiplies it."""
    thousandths = left * 1000 // whole
    while thousandths / 1000 * whole < left:
        thousandths += 1
    return thousandths / 1000


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
    _check(widths, scores)
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


class _Term(NamedTuple):
    """A part of the cost, for every pair of an output channel and, where these count too, an input channel.

    `output` and `source` are widths by number; `source` is None where only outputs count.
    """

    each: int
    output: int
    source: int | None


class _Counts:
    """The cost of a network by how many channels each width keeps."""

    def __init__(self, network: ir.Network, widths: Sequence[ir.Width], kind: str) -> None:
        count = _cost_of(kind)
        of = {block: number for number, width in enumerate(widths) for block in width.blocks}
        self.terms: list[_Term] = []
        for index, (block, shape) in enumerate(zip(network.blocks, network.shapes, strict=True)):
            weights, rest = count(block, shape)
            self.terms.append(_Term(rest // shape[0], of[index], None))
            for branch, full in zip(block.branches, weights, strict=True):
                grouped = isinstance(branch.synapse, ir.Conv) and branch.synapse.groups > 1
                source = None if grouped or branch.source == ir.INPUT else of[branch.source]
                pairs = shape[0] * (1 if source is None else widths[source].channels)
                self.terms.append(_Term(full // pairs, of[index], source))
        self.cost_of_all = self.cost([np.ones(width.channels, bool) for width in widths])

    def cost(self, keep: Sequence[ir.Keep]) -> int:
        left = [int(mask.sum()) for mask in keep]
        return sum(each * left[output] * (1 if source is None else left[source]) for each, output, source in self.terms)


def _cost_of(kind: str) -> Cost:
    if kind not in COSTS:
        raise ValueError(f"prune: cost: found {kind!r}, expected one of {', '.join(COSTS)}")
    return COSTS[kind]


def _check(
    widths: Sequence[ir.Width],
    scores: Sequence[NDArray[np.float64]],
    share: float = 1.0,
    floor: float = 0.0,
    bound: float = 0.0,
) -> None:
    shapes = [values.shape for values in scores]
    expected = [(width.channels,) for width in widths]
    if shapes != expected:
        raise ValueError(f"prune: scores: found shapes {shapes}, expected {expected}")
    if not all(np.isfinite(values).all() for values in scores):
        raise ValueError("prune: scores: found NaN or infinity, expected finite numbers")
    for what, value in (("share", share), ("floor", floor)):
        if not 0 <= value <= 1:
            raise ValueError(f"prune: {what}: found {value}, expected 0..1")
    if math.isnan(bound):
        raise ValueError(f"prune: bound: found {bound}, expected a number")
