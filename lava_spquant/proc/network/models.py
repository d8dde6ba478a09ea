"""The model of `Network`: its sub-Processes."""

from __future__ import annotations

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.network.process import Network

__all__ = ["SubNetwork"]


@implements(proc=Network, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class SubNetwork(AbstractSubProcessModel):
    """The Process has made and connected its sub-Processes; nothing is left to do."""

    def __init__(self, process: AbstractProcess) -> None:
        """Take `process` as it is."""
