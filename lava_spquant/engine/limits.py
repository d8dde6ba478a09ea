"""From which population count on a neuron behind weights of one bit spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.weights import Pool

__all__ = ["add_limits", "gains_not_negative", "least_counts", "least_sums", "only_thresholds"]


def gains_not_negative(by_place: NDArray[Any], gain: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return weights (places, outputs) and gains (outputs,) or () with the same products, and no gain below 0."""
    sign = np.where(gain < 0, -1, 1)
    return by_place * sign, gain * sign


def add_limits(block: ir.Block, branch: NDArray[np.int64], vector: bool, pools: dict[str, Pool]) -> int:
    """Add what a block's spikes can be told from, where they can, and return its offset; else -1.

    Least sums go into the pool of biases where weights lie in tiles, least counts into that of parameters.
    `branch` is the row of the block's first branch.
    """
    if branch[t.R_TILES]:
        return pools["bias"].add(least_sums(block))
    fits = branch[t.R_BINARY] != 0 and branch[t.R_DW] == 1 and block.bias.size % 8 == 0
    return pools["params"].add(least_counts(block)) if vector and fits and only_thresholds(block) else -1


def only_thresholds(block: ir.Block) -> bool:
    """Say whether a block is thresholds on one branch: no gates, and the same bias at all places."""
    alone = len(block.branches) == 1 and not block.gates and block.bias.ndim == 1
    return alone and isinstance(block.neuron, ir.Threshold)


def least_counts(block: ir.Block) -> NDArray[np.int64]:
    """Return the least `popcount(w & s) - floor(popcount(s) / 2)` with which every channel spikes.

    The first row is for an even number of spikes s under the kernel, the second for an odd one. Products are those
    of `gains_not_negative`.

    Returns
    -------
    numpy.ndarray, int64, shape (2, channels)
    """
    least = least_sums(block)
    return np.stack([-(-least // 2), -(-(least + 1) // 2)])


def least_sums(block: ir.Block) -> NDArray[np.int64]:
    """Return the least sum of products with which every channel (channels,) spikes, within or next to their range."""
    (branch,), channels = block.branches, block.bias.size
    synapse = branch.synapse
    assert isinstance(synapse, ir.Conv)
    assert isinstance(block.neuron, ir.Threshold)
    most = synapse.weight[0].size
    gains = np.broadcast_to(np.abs(np.asarray(branch.gain, np.int64)), (channels,))
    half = (1 << branch.shift) >> 1
    least = np.empty(channels, np.int64)
    for c, (gain, bias) in enumerate(zip(gains.tolist(), block.bias.tolist(), strict=True)):
        # (sum * gain + half) >> shift >= vth + 1 - bias, in whole numbers of any size.
        needed = ((block.neuron.vth + 1 - bias) << branch.shift) - half
        always_or_never = -most if needed <= 0 else most + 1
        first = -(-needed // gain) if gain else always_or_never
        least[c] = min(max(first, -most), most + 1)
    return least
