"""The fixed-point model of `WideDense`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.synapse_process import SynapseModel
from lava_spquant.proc.wide_dense.process import WideDense

__all__ = ["PyWideDense"]


@implements(proc=WideDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyWideDense(SynapseModel):
    """Accumulates `ir.Dense` on the CPU."""
