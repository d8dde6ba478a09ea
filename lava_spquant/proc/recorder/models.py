"""The fixed-point model of `Recorder`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.recorder.process import Recorder

__all__ = ["PyRecorder"]


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRecorder(PyLoihiProcessModel):
    """Writes into the shared arrays on the CPU."""

    a_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    v: Any = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    u: Any = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    out: Any = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def run_spk(self) -> None:
        """Record the output of this step."""
        self.proc_params["output"][self.time_step - 1] = self.a_in.recv()

    def post_guard(self) -> bool:
        """Ask for the phase in which states can be read, if there are any."""
        return bool(self.proc_params["state"])

    def run_post_mgmt(self) -> None:
        """Record the states after this step."""
        for name, record in self.proc_params["state"].items():
            record[self.time_step - 1] = getattr(self, name).read()
