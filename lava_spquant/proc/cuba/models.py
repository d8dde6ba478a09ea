"""The fixed-point model of `Cuba`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.cuba.process import Cuba
from lava_spquant.proc.neuron_process import NeuronModel

__all__ = ["PyCuba"]


@implements(proc=Cuba, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyCuba(NeuronModel):
    """Steps `ir.Cuba` on the CPU."""

    u: Any = LavaPyType(np.ndarray, np.int32, precision=24)
    v: Any = LavaPyType(np.ndarray, np.int32, precision=24)
