"""The fixed-point model of `WideConv`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.synapse_process import SynapseModel
from lava_spquant.proc.wide_conv.process import WideConv

__all__ = ["PyWideConv"]


@implements(proc=WideConv, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyWideConv(SynapseModel):
    """Accumulates `ir.Conv` on the CPU."""
