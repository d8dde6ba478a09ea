"""The fixed-point model of `Relay`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.neuron_process import NeuronModel
from lava_spquant.proc.relay.process import Relay

__all__ = ["PyRelay"]


@implements(proc=Relay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRelay(NeuronModel):
    """Steps `ir.Relay` on the CPU."""
