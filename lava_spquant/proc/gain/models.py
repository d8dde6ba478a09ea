"""The fixed-point model of `Gain`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.ir.arith import rescale
from lava_spquant.proc.axes import from_lava, to_lava
from lava_spquant.proc.gain.process import Gain

__all__ = ["PyGain"]


@implements(proc=Gain, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyGain(PyLoihiProcessModel):
    """Applies `ir.arith.rescale` on the CPU."""

    a_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self) -> None:
        """Rescale what arrives and send it on in the same time step."""
        acc = from_lava(self.a_in.recv())
        self.a_out.send(to_lava(rescale(acc, self.proc_params["gain"], self.proc_params["shift"])))
