"""The fixed-point model of `Delay`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.delay.process import Delay

__all__ = ["PyDelay"]


@implements(proc=Delay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDelay(PyLoihiProcessModel):
    """Shifts a buffer by one place per time step on the CPU."""

    s_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    buffer: Any = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Send the oldest message and keep the new one."""
        self.s_out.send(self.buffer[0])
        self.buffer[:-1] = self.buffer[1:]
        self.buffer[-1] = self.s_in.recv()
