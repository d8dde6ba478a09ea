from __future__ import annotations

import gc
import os
import signal
import sys
import time

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from tests.proc.faulty.errors import NeedsTwoArgumentsError, PlainError, SlowError
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
        if proc_params["fault"] == "leave_build":
            sys.exit(0)
        if proc_params["fault"] == "hang_build":
            time.sleep(1000)

    def run_spk(self):
        received = self.a_in.recv()
        if self.time_step == self.proc_params["at"]:
            _misbehave(self.proc_params["fault"])
        self.count[:] += 1
        self.s_out.send(received)


def _local_error():
    class LocalError(Exception):
        pass

    return LocalError("seen only here")


_ERRORS = {
    "raise": lambda: PlainError("step 3 went wrong"),
    "raise_slowly": lambda: SlowError("step 3 went wrong"),
    "raise_unpicklable": _local_error,
    "raise_two_arguments": lambda: NeedsTwoArgumentsError("left", "right"),
    "collects": lambda: PlainError(f"collects garbage: {gc.isenabled()}"),
    "interrupts": lambda: PlainError(
        f"interrupts blocked: {signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())}"
    ),
}

_DEEDS = {
    "none": lambda: None,
    "hang": lambda: time.sleep(1000),
    "collect": gc.collect,
    "die": lambda: os._exit(7),
    "leave": lambda: sys.exit(0),
    "leave_at_once": lambda: os._exit(0),
}


def _misbehave(fault):
    if fault in _ERRORS:
        raise _ERRORS[fault]()
    _DEEDS[fault]()
