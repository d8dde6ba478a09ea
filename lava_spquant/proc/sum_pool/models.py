"""The fixed-point model of `SumPool`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.sum_pool.process import SumPool
from lava_spquant.proc.synapse_process import SynapseModel

__all__ = ["PySumPool"]


@implements(proc=SumPool, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySumPool(SynapseModel):
    """Accumulates `ir.SumPool` on the CPU."""
