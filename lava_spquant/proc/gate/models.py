"""The fixed-point model of `Gate`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.ir.gate import opened
from lava_spquant.proc.axes import from_lava, to_lava
from lava_spquant.proc.gate.process import Gate

__all__ = ["PyGate"]


@implements(proc=Gate, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyGate(PyLoihiProcessModel):
    """Applies `ir.gate.opened` on the CPU."""

    a_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    bias: Any = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Send on what is let through, in the same time step."""
        current = from_lava(self.a_in.recv() + self.bias)
        is_open = opened(from_lava(self.s_in.recv())[None], current.shape[1:])[0]
        self.a_out.send(to_lava(np.where(is_open, current, 0)))
