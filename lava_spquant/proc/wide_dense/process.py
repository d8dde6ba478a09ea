"""Dense synapses whose weights are too wide for Lava's own Dense, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.synapse_process import SynapseProcess

__all__ = ["WideDense"]


class WideDense(SynapseProcess):
    """Synapses of `ir.Dense`; parameters and ports are those of `SynapseProcess`."""
