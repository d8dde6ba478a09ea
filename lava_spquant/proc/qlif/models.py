"""The fixed-point model of `QLif`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.proc.neuron_process import NeuronModel
from lava_spquant.proc.qlif.process import QLif

__all__ = ["PyQLif"]


@implements(proc=QLif, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyQLif(NeuronModel):
    """Steps `ir.QLif` on the CPU."""

    v: Any = LavaPyType(np.ndarray, np.int32, precision=24)
