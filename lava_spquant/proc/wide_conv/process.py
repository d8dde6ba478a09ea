"""Convolutions whose geometry does not fit the 8-bit fields of Lava's own Conv, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.synapse_process import SynapseProcess

__all__ = ["WideConv"]


class WideConv(SynapseProcess):
    """Synapses of `ir.Conv`; parameters and ports are those of `SynapseProcess`."""
