"""The maximum of spikes, which is a threshold at 0 over their sum."""

from __future__ import annotations

from lava_spquant.ir.block import INPUT
from lava_spquant.ir.network import Network
from lava_spquant.ir.neuron import Threshold
from lava_spquant.ir.synapse import SumPool

__all__ = ["is_max_pool"]


def is_max_pool(network: Network, index: int) -> bool:
    """Say whether a block is the maximum over windows of spikes: it decides nothing that its source has not decided.

    Parameters
    ----------
    network : Network
    index : int
        Of the block.
    """
    block = network.blocks[index]
    if not isinstance(block.neuron, Threshold) or block.neuron.vth or len(block.branches) != 1 or block.bias.any():
        return False
    (branch,) = block.branches
    if not isinstance(branch.synapse, SumPool):
        return False
    if branch.source == INPUT:
        return network.input.bounds == (0, 1)
    return network.blocks[branch.source].output_name(branch.output) == "spikes"
