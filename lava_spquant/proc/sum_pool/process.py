"""Sum-pooling, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.synapse_process import SynapseProcess

__all__ = ["SumPool"]


class SumPool(SynapseProcess):
    """Synapses of `ir.SumPool`; parameters and ports are those of `SynapseProcess`."""
