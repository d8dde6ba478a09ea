"""One gate of a block, as a Lava Process."""

from __future__ import annotations

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from lava_spquant.ir import Shape

__all__ = ["Gate"]


class Gate(AbstractProcess):
    """Lets current and bias pass where spikes arrive, within one time step; elsewhere it sends 0.

    Several gates of a block stand in a row: what arrives at the neurons has passed all of them.

    Parameters
    ----------
    shape : tuple of int
        That of the gated block, (W, H, C) or (C,).
    gate_shape : tuple of int
        That of the spikes: (C,) or (1, 1, C) for one per channel, (w, h, 1) for one per cell of
        ceil(W / w) x ceil(H / h) places.
    bias : array_like of int
        Membrane units, broadcastable to `shape`.
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    a_in : InPort
        Current in membrane units; connections from several branches add up.
    s_in : InPort
        Spikes of the block that gates, in its own shape.
    a_out : OutPort
        Current with the bias, for neurons that have none.
    bias : Var
    """

    def __init__(
        self,
        *,
        shape: Shape,
        gate_shape: Shape,
        bias: ArrayLike = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(shape=shape, gate_shape=gate_shape, name=name, log_config=log_config)
        self.a_in = InPort(shape=shape)
        self.s_in = InPort(shape=gate_shape)
        self.a_out = OutPort(shape=shape)
        self.bias = Var(shape=shape, init=np.broadcast_to(np.asarray(bias, dtype=np.int32), shape).copy())
