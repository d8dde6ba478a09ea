"""The fixed-point model of `Clip`."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.clip.process import Clip
from lava_spquant.proc.neuron_process import NeuronModel

__all__ = ["PyClip"]


@implements(proc=Clip, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyClip(NeuronModel):
    """Steps `ir.Clip` on the CPU."""
