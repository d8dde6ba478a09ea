"""The gain of one branch, as a Lava Process."""

from __future__ import annotations

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_spquant.ir import IntArray, Shape

__all__ = ["Gain"]


class Gain(AbstractProcess):
    """Turns accumulators into membrane units: `(gain[c] * acc + round) >> shift`, within one time step.

    Parameters
    ----------
    shape : tuple of int
        (W, H, C) or (C,).
    gain : numpy.ndarray, int16, shape (C,)
    shift : int
        Right shift, rounding to nearest, halves up.
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    a_in : InPort
        Accumulators.
    a_out : OutPort
        Current in membrane units.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        gain: IntArray,
        shift: int = 0,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(shape=shape, gain=gain, shift=shift, name=name, log_config=log_config)
        self.a_in = InPort(shape=shape)
        self.a_out = OutPort(shape=shape)
