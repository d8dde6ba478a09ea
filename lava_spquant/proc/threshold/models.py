"""The fixed-point model of `Threshold`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.neuron_process import NeuronModel
from lava_spquant.proc.threshold.process import Threshold

__all__ = ["PyThreshold"]


@implements(proc=Threshold, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyThreshold(NeuronModel):
    """Steps `ir.Threshold` on the CPU."""
