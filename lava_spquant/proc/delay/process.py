"""A delay by whole time steps, as a Lava Process."""

from __future__ import annotations

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var

from lava_spquant.ir import Shape

__all__ = ["Delay"]


class Delay(AbstractProcess):
    """Sends at step t what it received at step t - `steps`, and zeros before that.

    Parameters
    ----------
    shape : tuple of int
        (W, H, C) or (C,).
    steps : int
        At least 1.
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    s_in : InPort
    s_out : OutPort
    buffer : Var, shape (steps, *shape)
        What is on its way, oldest first.

    Raises
    ------
    ValueError
        If `steps` is not positive.
    """

    def __init__(
        self, *, shape: Shape, steps: int, name: str | None = None, log_config: LogConfig | None = None
    ) -> None:
        super().__init__(shape=shape, steps=steps, name=name, log_config=log_config)
        if steps < 1:
            raise ValueError(f"delay: steps: found {steps}, expected at least 1")
        self.s_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.buffer = Var(shape=(steps, *shape), init=0)
