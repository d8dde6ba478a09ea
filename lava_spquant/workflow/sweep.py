"""Raising the thresholds of a trained network: fewer spikes, fewer operations, and what accuracy is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lava_spquant import ir
from lava_spquant.data import Split
from lava_spquant.data.split import S
from lava_spquant.ir.limits import CUBA_SHIFT, STATE_MAX
from lava_spquant.ir.reference import Trace
from lava_spquant.prune import gate_blocks
from lava_spquant.report import Accuracy, activity, predict
from lava_spquant.workflow.evaluate import traces
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.progress import Progress, silent

__all__ = ["RAISES", "OperatingPoint", "Raise", "choose", "halves", "raise_thresholds", "sweep"]

RAISES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
"""By how much thresholds are raised by default, in thresholds (or, of a stateless threshold at 0, units of current)."""


@dataclass(frozen=True)
class OperatingPoint:
    """A network with raised thresholds on a data set.

    Attributes
    ----------
    raised : float
    accuracy : Accuracy
    spike_rate : float
        Spikes per spiking neuron and step.
    synops_spikes, synops_graded : float
        Synaptic operations per sample that spikes cause, and that graded values cause.
    """

    raised: float
    accuracy: Accuracy
    spike_rate: float
    synops_spikes: float
    synops_graded: float

    @property
    def synops(self) -> float:
        """Synaptic operations per sample."""
        return self.synops_spikes + self.synops_graded


def raise_thresholds(network: ir.Network, by: float) -> ir.Network:
    """Return the network with every threshold raised; nothing else changes.

    A membrane's threshold becomes `(1 + by)` of what it was, a stateless one rises by `by` units of current. CUBA
    thresholds stay multiples of what Lava's own neuron can hold. Predictors keep theirs: they decide, and do not fire.
    So does the maximum of spikes, which is a threshold over their number.

    Parameters
    ----------
    network : ir.Network
    by : float
        At least 0.

    Raises
    ------
    ValueError
        If `by` is negative or a threshold would leave 24 bits.
    """
    if not by >= 0:
        raise ValueError(f"sweep: raised by: found {by}, expected at least 0")
    kept = {*gate_blocks(network), *(k for k in range(len(network.blocks)) if ir.is_max_pool(network, k))}
    blocks = (block if index in kept else _raised(block, by) for index, block in enumerate(network.blocks))
    return replace(network, blocks=tuple(blocks))


def _raised(block: ir.Block, by: float) -> ir.Block:
    neuron = block.neuron
    if not isinstance(neuron, (ir.QLif, ir.Cuba, ir.Threshold)):
        return block
    unit = 1 << CUBA_SHIFT if isinstance(neuron, ir.Cuba) and neuron.vth % (1 << CUBA_SHIFT) == 0 else 1
    rise = by * (1 << block.frac_bits) if isinstance(neuron, ir.Threshold) else by * neuron.vth
    vth = neuron.vth + round(rise / unit) * unit
    if vth > STATE_MAX:
        raise ValueError(f"block {block.name!r}: threshold raised by {by}: found {vth}, expected at most {STATE_MAX}")
    return replace(block, neuron=replace(neuron, vth=vth))


Raise = Callable[[ir.Network, float], ir.Network]


def sweep(
    network: ir.Network,
    split: Split,
    steps: int,
    raises: Sequence[float] = RAISES,
    *,
    raised: Raise = raise_thresholds,
    progress: Progress = silent,
) -> Iterator[OperatingPoint]:
    """Yield what the network does with each raise.

    Parameters
    ----------
    network : ir.Network
    split : ImageSplit or EventSplit
    steps : int
        T.
    raises : sequence of float
    raised : callable
        Makes the network of an operating point of `network` and a raise: `raise_thresholds`, or a `Renormalised`.
    progress : Progress

    Raises
    ------
    ValueError
        As `raise_thresholds`, or if the samples do not fit the network.
    """
    for by in raises:
        yield _measured(raised(network, by), by, split, steps, progress)


def _measured(network: ir.Network, by: float, split: Split, steps: int, progress: Progress) -> OperatingPoint:
    executor = default_executor()
    result = Accuracy(executor, 0, 0)

    def counted() -> Iterator[tuple[ir.IntArray, Trace]]:
        nonlocal result
        runs = traces(
            network, split, steps, executor, progress=lambda name, total: progress(f"raised by {by:g}", total)
        )
        for chunk, trace in runs:
            result = result.add(predict(network, trace), chunk.labels)
            yield chunk.x, trace

    done = activity(network, counted())
    spikes, graded = (sum(getattr(row, name) for row in done.rows) for name in ("synops_spikes", "synops_graded"))
    return OperatingPoint(by, result, done.spike_rate or 0.0, spikes, graded)


def halves(split: S) -> tuple[S, S]:
    """Return one half of a split, to choose an operating point with, and the other, to judge it.

    They are drawn at random, always alike: a file may have its classes in turn.

    Raises
    ------
    ValueError
        If there are fewer than two samples.
    """
    if len(split) < 2:
        raise ValueError(f"sweep: found {len(split)} samples, expected at least 2: one to choose with, one to judge")
    order = np.random.default_rng(0).permutation(len(split))
    middle = (len(split) + 1) // 2
    return split.take(np.sort(order[:middle])), split.take(np.sort(order[middle:]))


def choose(points: Sequence[OperatingPoint], points_lost: float) -> OperatingPoint:
    """Return the point with the fewest operations that loses no more than so many percentage points to the first.

    Raises
    ------
    ValueError
        If there are no points, or fewer than 0 may be lost.
    """
    if not points or not points_lost >= 0:
        raise ValueError(f"sweep: found {len(points)} points and {points_lost} to lose, expected some, and at least 0")
    least = points[0].accuracy.accuracy - points_lost / 100 - 1e-12
    return min((p for p in points if p.accuracy.accuracy >= least), key=lambda p: p.synops)
