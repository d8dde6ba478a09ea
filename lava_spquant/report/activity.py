"""What a network does: spike rates, synaptic operations and the use of membrane levels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir import ALIGNED, INPUT, Branch, Network, Timing
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace
from lava_spquant.report.fan_out import fan_out
from lava_spquant.report.gated import open_neurons, open_operations
from lava_spquant.report.traces import TraceError, check_trace, stream

__all__ = ["Activity", "ActivityRow", "activity", "level_counts"]


@dataclass(frozen=True)
class ActivityRow:
    """What one block did, as means over samples.

    Attributes
    ----------
    name : str
    neurons : int
    spike_rate : float or None
        Spikes per neuron and time step, 0..1; None where the block does not spike.
    synops_spikes : float
        Synaptic operations per sample that spikes caused: one addition each.
    synops_graded : float
        The same for non-zero graded values: one multiplication and addition each.
    synops_effective : float
        Those of both whose weight is not 0.
    synops_dense : float
        What there would be if every input were non-zero and every gate open at every step.
    levels : tuple of (int, float)
        Share of each membrane level, in units of the quantiser's step; empty without a quantiser.
    open_share : float or None
        Share of neurons and steps at which all gates were open, 0..1; None where there are no gates.
    """

    name: str
    neurons: int
    spike_rate: float | None
    synops_spikes: float
    synops_graded: float
    synops_effective: float
    synops_dense: float
    levels: tuple[tuple[int, float], ...]
    open_share: float | None = None

    @property
    def synops(self) -> float:
        """Synaptic operations per sample."""
        return self.synops_spikes + self.synops_graded


@dataclass(frozen=True)
class Activity:
    """What a network did.

    Attributes
    ----------
    rows : tuple of ActivityRow
        One per block, in order.
    samples, steps : int
        How many samples were counted, and time steps per sample.
    """

    rows: tuple[ActivityRow, ...]
    samples: int
    steps: int

    @property
    def synops(self) -> float:
        """Synaptic operations per sample in the whole network."""
        return sum(row.synops for row in self.rows)

    @property
    def spike_rate(self) -> float | None:
        """Spikes per spiking neuron and time step; None where nothing spikes."""
        spiking = [(row.spike_rate, row.neurons) for row in self.rows if row.spike_rate is not None]
        neurons = sum(n for _, n in spiking)
        return sum(rate * n for rate, n in spiking) / neurons if neurons else None


def activity(network: Network, runs: Iterable[tuple[IntArray, Trace]], timing: Timing = ALIGNED) -> Activity:
    """Count what a network did on a data set that is streamed in chunks.

    A synaptic operation is one non-zero input value arriving at one synapse: it is counted through
    the fan-out of the input position, exact for stride, padding, dilation and groups. Weights that
    are 0 are synapses too; `synops_effective` leaves them out. Where a gate is closed nothing is added:
    a block with gates is counted neuron by neuron, and only where they are open.

    Parameters
    ----------
    network : Network
    runs : iterable of (numpy.ndarray, Trace)
        Input (T, N, *input shape) and what the network did with it; any number of chunks.
    timing : Timing
        That of the runs.

    Returns
    -------
    Activity

    Raises
    ------
    TraceError
        If there are no samples, a trace does not belong to the network, or T differs.
    """
    meters = [_Meter(network, index) for index in range(len(network.blocks))]
    total, length = 0, None
    for x, trace in runs:
        steps, samples = check_trace(trace, network)
        if x.shape != (steps, samples, *network.input.shape):
            found, expected = x.shape, (steps, samples, *network.input.shape)
            raise TraceError(f"activity: input: found {found}, expected {expected} as in the trace")
        if length not in (None, steps):
            raise TraceError(f"activity: time steps: found {steps}, expected {length} as before")
        total, length = total + samples, steps
        for meter in meters:
            meter.add(x, trace, timing)
    if not total or length is None:
        raise TraceError("activity: samples: found none, expected at least one")
    return Activity(tuple(meter.row(total, length) for meter in meters), total, length)


def level_counts(v: IntArray, step_exp: int, q_min: int, q_max: int) -> NDArray[np.int64]:
    """Count how often each level `q_min..q_max` occurs in membrane potentials `q << step_exp`."""
    return np.bincount((v >> step_exp).ravel() - q_min, minlength=q_max - q_min + 1)


class _Meter:
    """Running counts of one block."""

    def __init__(self, network: Network, index: int) -> None:
        self.network, self.index, self.block = network, index, network.blocks[index]
        self.spikes = self.open = 0
        self.membrane = getattr(self.block.neuron, "membrane", None)
        self.levels = np.zeros(0, dtype=np.int64)
        self.synops = {"spikes": 0, "graded": 0, "effective": 0}
        self.fans = []
        for branch in self.block.branches:
            shape = network.input.shape if branch.source == INPUT else network.shapes[branch.source]
            fans = fan_out(branch.synapse, shape), fan_out(branch.synapse, shape, skip_zeros=True)
            self.fans.append(fans)

    def add(self, x: IntArray, trace: Trace, timing: Timing) -> None:
        if "spikes" in self.block.neuron.outputs:
            self.spikes += int(np.count_nonzero(stream(trace, self.network, self.index, "spikes")))
        if self.membrane is not None:
            v = stream(trace, self.network, self.index, "v")
            counts = level_counts(v, self.membrane.step_exp, self.membrane.q_min, self.membrane.q_max)
            self.levels = counts if not self.levels.size else self.levels + counts
        is_open = open_neurons(self.network, self.index, trace, timing) if self.block.gates else None
        self.open += 0 if is_open is None else int(np.count_nonzero(is_open))
        for branch, fans in zip(self.block.branches, self.fans, strict=True):
            values, graded = self._source(branch, x, trace)
            delay = min(timing.delay(self.network, self.index, branch), len(values))
            seen = values[: len(values) - delay]
            every, effective = _passed(seen, *fans) if is_open is None else _entered(branch, seen, is_open[delay:])
            self.synops["graded" if graded else "spikes"] += every
            self.synops["effective"] += effective

    def _source(self, branch: Branch, x: IntArray, trace: Trace) -> tuple[IntArray, bool]:
        if branch.source == INPUT:
            return x, self.network.input.bits > 1
        name = self.network.blocks[branch.source].output_name(branch.output)
        return stream(trace, self.network, branch.source, name), name != "spikes"

    def row(self, samples: int, steps: int) -> ActivityRow:
        neurons = math.prod(self.network.shapes[self.index])
        spiking = "spikes" in self.block.neuron.outputs
        low = 0 if self.membrane is None else self.membrane.q_min
        share = self.levels / max(int(self.levels.sum()), 1)
        return ActivityRow(
            name=self.block.name,
            neurons=neurons,
            spike_rate=self.spikes / (samples * steps * neurons) if spiking else None,
            synops_spikes=self.synops["spikes"] / samples,
            synops_graded=self.synops["graded"] / samples,
            synops_effective=self.synops["effective"] / samples,
            synops_dense=float(steps * sum(int(every.sum()) for every, _ in self.fans)),
            levels=tuple((low + i, float(part)) for i, part in enumerate(share)),
            open_share=self.open / (samples * steps * neurons) if self.block.gates else None,
        )


def _passed(seen: IntArray, every: NDArray[np.int64], effective: NDArray[np.int64]) -> tuple[int, int]:
    """Count what non-zero inputs drive, all and with a weight, through the fan-out of their positions."""
    # Counting per position first keeps the fan-out out of the sum over time and samples.
    active = np.count_nonzero(seen, axis=(0, 1))
    return int((active * every).sum()), int((active * effective).sum())


def _entered(branch: Branch, seen: IntArray, is_open: NDArray[np.bool_]) -> tuple[int, int]:
    """Count what arrives at open neurons, all and with a weight."""
    every = open_operations(branch.synapse, seen, is_open)
    return int(every.sum()), int(open_operations(branch.synapse, seen, is_open, skip_zeros=True).sum())
