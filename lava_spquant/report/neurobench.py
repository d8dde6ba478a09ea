"""The metrics of NeuroBench, from the integers: what its harness would count in a network of torch layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir import INPUT, Branch, Conv, Dense, Network
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace
from lava_spquant.report.fan_out import fan_out
from lava_spquant.report.gated import open_neurons, open_operations
from lava_spquant.report.memory import memory
from lava_spquant.report.traces import TraceError, check_trace, stream

__all__ = ["NeuroBench", "NeuroBenchMeter", "SynapticOperations", "neurobench"]


@dataclass(frozen=True)
class SynapticOperations:
    """Operations per sample, over all its time steps.

    Attributes
    ----------
    effective_macs : float
        Multiplications and additions with neither factor 0, at steps at which an input is none of -1, 0 and 1.
    effective_acs : float
        Additions of weights that are not 0, at all other steps.
    dense : float
        What there would be if nothing were 0 and no gate closed.
    """

    effective_macs: float
    effective_acs: float
    dense: float


@dataclass(frozen=True)
class NeuroBench:
    """NeuroBench's complexity metrics (Yik et al., Nature Communications 2025).

    Attributes
    ----------
    footprint : float
        Bytes of weights at their real width, gains and biases.
    state_bytes : float
        Bytes of what neurons keep between steps, for one sample; NeuroBench counts them where a framework holds them in
        buffers.
    parameter_count : int
        Weights, gains and biases.
    connection_sparsity : float
        Share of weights that are 0.
    activation_sparsity : float
        Share of the neurons' outputs that are 0, over all steps and samples.
    synaptic_operations : SynapticOperations
    """

    footprint: float
    state_bytes: float
    parameter_count: int
    connection_sparsity: float
    activation_sparsity: float
    synaptic_operations: SynapticOperations


def neurobench(network: Network, runs: Iterable[tuple[IntArray, Trace]]) -> NeuroBench:
    """Return the metrics that NeuroBench's harness defines, of a network on a data set.

    Its definitions differ from `activity` in three ways, which are kept so that numbers can stand beside others'. Only
    dense and convolutional synapses count, not pools and skip connections. Weights of 0 are left out of the effective
    operations. And whether operations are additions is decided for every batch at every step: they are where all
    inputs of a layer are -1, 0 or 1. Biases are no operations.

    Operations into neurons whose gates are closed are not effective: they do not happen. The harness sees the layers of
    torch alone, and would count them where a model masks a layer's output afterwards.

    Parameters
    ----------
    network : Network
    runs : iterable of (numpy.ndarray, Trace)
        Input (T, N, *input shape) and what the network did with it in aligned time; one per batch.

    Returns
    -------
    NeuroBench

    Raises
    ------
    TraceError
        If there are no samples, or a trace does not belong to the network.
    """
    meter = NeuroBenchMeter(network)
    for x, trace in runs:
        meter.add(x, trace)
    return meter.result()


def _connection_sparsity(network: Network) -> float:
    synapses = [branch.synapse for block in network.blocks for branch in block.branches]
    weights = [synapse.weight for synapse in synapses if isinstance(synapse, (Dense, Conv))]
    count = sum(weight.size for weight in weights)
    return 1 - sum(int(np.count_nonzero(weight)) for weight in weights) / count if count else 0.0


class NeuroBenchMeter:
    """The metrics of `neurobench`, batch by batch.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.samples = self.spikes = self.outputs = 0
        self.macs = self.acs = self.dense = 0
        self._branches: list[tuple[int, Branch, NDArray[np.int64], int]] = []
        for index, block in enumerate(network.blocks):
            for branch in block.branches:
                if not isinstance(branch.synapse, (Dense, Conv)):
                    continue
                shape = network.input.shape if branch.source == INPUT else network.shapes[branch.source]
                effective = fan_out(branch.synapse, shape, skip_zeros=True)
                self._branches.append((index, branch, effective, int(fan_out(branch.synapse, shape).sum())))

    def add(self, x: IntArray, trace: Trace) -> None:
        """Count one batch: input (T, N, *input shape), and what the network did with it in aligned time.

        Raises
        ------
        TraceError
            If they do not belong together.
        """
        steps, samples = check_trace(trace, self.network)
        expected = (steps, samples, *self.network.input.shape)
        if x.shape != expected:
            raise TraceError(f"neurobench: input: found {x.shape}, expected {expected} as in the trace")
        self.samples += samples
        for index, block in enumerate(self.network.blocks):
            if "spikes" in block.neuron.outputs:
                spikes = stream(trace, self.network, index, "spikes")
                self.spikes += int(np.count_nonzero(spikes))
                self.outputs += spikes.size
        for index, branch, effective, dense in self._branches:
            values = self._source(branch, x, trace)
            self.dense += dense * samples * len(values)
            if self.network.blocks[index].gates:
                is_open = open_neurons(self.network, index, trace)
                counts = open_operations(branch.synapse, values, is_open, skip_zeros=True)
            else:
                counts = np.array([(np.count_nonzero(step, axis=0) * effective).sum() for step in values])
            for step, count in zip(values, counts.tolist(), strict=True):
                if np.abs(step).max(initial=0) <= 1:
                    self.acs += count
                else:
                    self.macs += count

    def result(self) -> NeuroBench:
        """Return the metrics of all batches.

        Raises
        ------
        TraceError
            If there were none.
        """
        if not self.samples:
            raise TraceError("neurobench: samples: found none, expected at least one")
        total = memory(self.network).total
        parameters = total.weights + total.gains + total.biases
        return NeuroBench(
            parameters.bits / 8,
            total.state.bits / 8,
            parameters.count,
            _connection_sparsity(self.network),
            1 - self.spikes / self.outputs if self.outputs else 0.0,
            SynapticOperations(*(n / self.samples for n in (self.macs, self.acs, self.dense))),
        )

    def _source(self, branch: Branch, x: IntArray, trace: Trace) -> IntArray:
        if branch.source == INPUT:
            return x
        name = self.network.blocks[branch.source].output_name(branch.output)
        return stream(trace, self.network, branch.source, name)
