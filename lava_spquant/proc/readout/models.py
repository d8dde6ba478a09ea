"""The fixed-point model of `Readout`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.neuron_process import NeuronModel
from lava_spquant.proc.readout.process import Readout

__all__ = ["PyReadout"]


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReadout(NeuronModel):
    """Steps `ir.Readout` on the CPU."""

    v: Any = LavaPyType(np.ndarray, np.int32, precision=24)
