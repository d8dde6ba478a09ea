from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from tests.proc.writer.process import Writer


@implements(proc=Writer, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyWriter(PyLoihiProcessModel):
    var: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def post_guard(self):
        return self.time_step == self.proc_params["at"]

    def run_post_mgmt(self):
        if self.post_guard():
            self.var.write(self.proc_params["values"])
            self.var.wait()
