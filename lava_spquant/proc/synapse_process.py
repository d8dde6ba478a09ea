"""What the synapse Processes of this package share: they compute what stock Processes cannot, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var

from lava_spquant import ir
from lava_spquant.proc.axes import from_lava, lava_shape, to_lava

__all__ = ["SynapseModel", "SynapseProcess"]


class SynapseProcess(AbstractProcess):
    """A synapse of the integer network; like Lava's own it sends at step t what it received at t - 1.

    Parameters
    ----------
    synapse : ir.Synapse
    input_shape : tuple of int
        (W, H, C) or (C,).
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    s_in : InPort
    a_out : OutPort
        Accumulators.
    a_buff : Var
        Accumulators of this step, sent at the next.
    """

    def __init__(
        self,
        *,
        synapse: ir.Synapse,
        input_shape: ir.Shape,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(synapse=synapse, input_shape=input_shape, name=name, log_config=log_config)
        output_shape = lava_shape(synapse.output_shape(lava_shape(input_shape)))
        self.s_in = InPort(shape=input_shape)
        self.a_out = OutPort(shape=output_shape)
        self.a_buff = Var(shape=output_shape, init=0)


class SynapseModel(PyLoihiProcessModel):
    """Calls the synapse's pure `accumulate` once per time step."""

    s_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    a_buff: Any = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Send the last step's accumulators, then accumulate this step's input."""
        self.a_out.send(self.a_buff)
        self.a_buff[...] = to_lava(self.proc_params["synapse"].accumulate(from_lava(self.s_in.recv())))
