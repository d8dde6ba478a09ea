"""What every channel does on data: spikes, potentials, and its share in the layer's activity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.ir.reference import Trace
from lava_spquant.prune.gates import gate_blocks

__all__ = ["MASS", "ChannelStatistics", "channel_statistics", "target_mask"]

Values = NDArray[np.float64]

MASS = 0.85
"""Share r of a layer's activity that a target mask keeps, in Fire-Together-Wire-Together and SpQuant-SNN."""


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """What the channels of one width do, each float64 (C,); means over those of its blocks that spike.

    Predictors and maxima of spikes are not among them. Where none spikes, they are the blocks that have weights.

    Attributes
    ----------
    rate : numpy.ndarray
        Share of neurons and steps that send something: the spike rate.
    above : numpy.ndarray
        Share of stored membrane potentials above the lowest level; the rate where a block keeps no levels.
    duty : numpy.ndarray
        Share of samples and steps whose target mask holds the channel; see `target_mask`.
    singular : numpy.ndarray
        Sum of the singular values of a channel's spikes over places, mean over samples and steps (QP-SNN).
    weight : numpy.ndarray
        Mean magnitude of the weights that make the channel, in membrane units; over the blocks that have weights.
    """

    rate: Values
    above: Values
    duty: Values
    singular: Values
    weight: Values


def target_mask(mass: Values, share: float = MASS) -> NDArray[np.bool_]:
    """Return which channels hold so much of the activity, the largest first.

    The criterion of Elkerdawy et al. (CVPR 2022), which takes the maximum over places for a channel's mass.
    That of spikes is 1 for every channel that fires at all, so the mean over places stands for it here.

    Parameters
    ----------
    mass : numpy.ndarray, float64 (..., C)
        At least 0.
    share : float
        r: channels are kept, largest first, while their running sum is at most this share of the whole. The largest
        is always kept, where any is above 0; 1 keeps all that are.

    Returns
    -------
    numpy.ndarray, bool (..., C)
        As `lava_spquant.slayer.gate.target_mask` has it, to the last bit of a sum.
    """
    order = np.argsort(-mass, axis=-1, kind="stable")
    ranked = np.take_along_axis(mass, order, axis=-1)
    running = _running_sum(ranked)
    # The whole is where the running sum ends: a sum in another order may differ from it by rounding.
    kept = (running <= share * running[..., -1:]) | (share >= 1)
    kept[..., 0] = True
    kept &= ranked > 0
    mask = np.zeros(mass.shape, bool)
    np.put_along_axis(mask, order, kept, axis=-1)
    return mask


def _running_sum(values: Values) -> Values:
    """Return the running sum along the last axis, in the order in which training adds up.

    After each pass a place holds the sum of twice as many values, itself and those before it.
    """
    running, reach = values.astype(np.float64), 1
    while reach < running.shape[-1]:
        running[..., reach:] = running[..., reach:] + running[..., :-reach]
        reach *= 2
    return running


def channel_statistics(network: ir.Network, traces: Iterable[Trace]) -> tuple[ChannelStatistics, ...]:
    """Return the statistics of every width of a network, in the order of `ir.widths`.

    Parameters
    ----------
    network : ir.Network
    traces : iterable of Trace
        Runs over data with outputs and potentials of every block.

    Raises
    ------
    ValueError
        If there are no traces.
    """
    widths = ir.widths(network)
    judged = [_judged(network, width) for width in widths]
    sums: dict[int, dict[str, Values]] = {}
    runs = 0.0
    for trace in traces:
        samples = float(trace.output.shape[0] * trace.output.shape[1])
        runs += samples
        for index in (block for blocks in judged for block in blocks):
            seen = _of_block(network.blocks[index], trace.blocks[index])
            total = sums.setdefault(index, {name: np.zeros_like(values) for name, values in seen.items()})
            for name, values in seen.items():
                total[name] += values * samples
    if not runs:
        raise ValueError(f"{network.name}: traces: found none, expected at least one")
    return tuple(
        ChannelStatistics(
            **{name: np.mean([sums[b][name] for b in blocks], axis=0) / runs for name in sums[blocks[0]]},
            weight=np.mean([_weight(network, b) for b in _weighted(network, width)], axis=0),
        )
        for width, blocks in zip(widths, judged, strict=True)
    )


def _own(network: ir.Network, width: ir.Width) -> list[int]:
    """Return the blocks of a width but predictors, which have its channels and do not send them on."""
    apart = set(gate_blocks(network))
    return [b for b in width.blocks if b not in apart] or list(width.blocks)


def _weighted(network: ir.Network, width: ir.Width) -> list[int]:
    own = _own(network, width)
    return [b for b in own if any(branch.synapse.num_weights for branch in network.blocks[b].branches)] or own


def _judged(network: ir.Network, width: ir.Width) -> list[int]:
    """Return the blocks whose output says what a channel is worth.

    Accumulators and streams are hardly ever 0, so that they tell channels that spike from others only where no
    neuron follows.
    """
    own = _own(network, width)
    spiking = [b for b in own if network.blocks[b].output_name() == "spikes" and not ir.is_max_pool(network, b)]
    return spiking or _weighted(network, width)


def _of_block(block: ir.Block, record: dict[str, ir.IntArray]) -> dict[str, Values]:
    """Return means over samples and steps of one run, each (C,)."""
    stream = record[block.output_name()]
    steps, samples, channels = stream.shape[:3]
    flat = stream.reshape(steps * samples, channels, -1)
    rate = (flat != 0).mean(axis=(0, 2))
    places = stream.reshape(steps * samples, channels, *(stream.shape[3:] or (1, 1))).astype(np.float32)
    return {
        "rate": rate,
        "above": _above(block, record, rate),
        "duty": target_mask(np.abs(flat).mean(axis=2)).mean(axis=0),
        "singular": np.linalg.svd(places, compute_uv=False).sum(axis=-1).mean(axis=0).astype(np.float64),
    }


def _above(block: ir.Block, record: dict[str, ir.IntArray], rate: Values) -> Values:
    membrane = block.neuron.membrane if isinstance(block.neuron, ir.QLif) else None
    if membrane is None or "v" not in record:
        return rate
    v = record["v"]
    lowest = membrane.q_min * 2**membrane.step_exp
    above: Values = (v > lowest).reshape(v.shape[0] * v.shape[1], v.shape[2], -1).mean(axis=(0, 2))
    return above


def _weight(network: ir.Network, index: int) -> Values:
    """Return the mean magnitude of each output channel's weights times its gain.

    A relay hands accumulators on: the gain that makes them a current is that of the pool behind it.
    """
    block, parts = network.blocks[index], []
    for branch in block.branches:
        synapse = branch.synapse
        if isinstance(synapse, (ir.Conv, ir.Dense)):
            size = np.abs(synapse.weight.astype(np.float64)).reshape(len(synapse.weight), -1).mean(axis=1)
            parts.append(size * _gain(branch))
    total = np.sum(parts, axis=0) if parts else np.ones(block.num_channels)
    if isinstance(block.neuron, ir.Relay):
        readers = [b for other in network.blocks for b in other.branches if b.source == index]
        onward = [_gain(branch) for branch in readers if isinstance(branch.synapse, (ir.SumPool, ir.Identity))]
        total = total * (np.mean(onward, axis=0) if onward else 1.0)
    return np.asarray(total, np.float64)


def _gain(branch: ir.Branch) -> Values:
    return np.abs(branch.gain.astype(np.float64)) / 2.0**branch.shift
