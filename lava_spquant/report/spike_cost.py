"""What one spike costs: the synaptic operations behind every block."""

from __future__ import annotations

from lava_spquant import ir
from lava_spquant.report.fan_out import fan_out

__all__ = ["spike_costs"]


def spike_costs(network: ir.Network) -> tuple[float, ...]:
    """Return how many synaptic operations one output value that is not 0 causes, of blocks that send spikes.

    Those are blocks that spike, and those that pass spikes on, as sum pooling does: spikes that meet in one pooled
    value cost what one would. A convolution whose sums are pooled sends signed values, which are no spikes. Gates
    count as open, unlike in `activity`, which leaves out operations into neurons that gates have closed.

    Parameters
    ----------
    network : ir.Network

    Returns
    -------
    tuple of float
        One mean over its positions per block; 0 of a block that sends other values.
    """
    sends = [False] * len(network.blocks)
    costs = [0.0] * len(network.blocks)
    for index, block in enumerate(network.blocks):
        passed = all(
            branch.source != ir.INPUT and sends[branch.source] and branch.synapse.num_weights == 0
            for branch in block.branches
        )
        sends[index] = "spikes" in block.neuron.outputs or (passed and isinstance(block.neuron, ir.Relay))
        for branch in block.branches:
            if branch.source != ir.INPUT and sends[branch.source]:
                costs[branch.source] += float(fan_out(branch.synapse, network.shapes[branch.source]).mean())
    return tuple(costs)
