from __future__ import annotations

import gc
import os
import time

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from tests.proc.faulty.errors import NeedsTwoArgumentsError, PlainError
from tests.proc.faulty.process import Fault


@implements(proc=Fault, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFault(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    count: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        if proc_params["fault"] == "build":
            raise PlainError("cannot be built")

    def run_spk(self):
        received = self.a_in.recv()
        if self.time_step == self.proc_params["at"]:
            _misbehave(self.proc_params["fault"])
        self.count[:] += 1
        self.s_out.send(received)


def _misbehave(fault):
    class LocalError(Exception):
        pass

    if fault == "raise":
        raise PlainError("step 3 went wrong")
    if fault == "raise_unpicklable":
        raise LocalError("seen only here")
    if fault == "raise_two_arguments":
        raise NeedsTwoArgumentsError("left", "right")
    if fault == "hang":
        time.sleep(1000)
    if fault == "collect":
        gc.collect()
    if fault == "collects":
        raise PlainError(f"collects garbage: {gc.isenabled()}")
    if fault == "die":
        os._exit(7)
