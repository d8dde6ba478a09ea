"""A tap that records an output and its neurons' state, as a Lava Process."""

from __future__ import annotations

import mmap

import numpy as np
from lava.magma.core.process.ports.ports import InPort, RefPort
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_spquant.ir import IntArray, Shape

__all__ = ["Recorder"]


class Recorder(AbstractProcess):
    """Records every time step into memory that the child shares with its parent.

    Reading a Var or a stock Monitor moves values one by one; here the parent reads an array.

    Parameters
    ----------
    shape : tuple of int
        (W, H, C) or (C,).
    num_steps : int
        Time steps that are recorded; it must not run longer.
    states : tuple of str
        Which of "v", "u" and "out" are recorded too, after the step; connect them with `connect_var`.
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    a_in : InPort
        What is recorded; nothing where an output is read from a Var by `out`.
    v, u, out : RefPort
    output : numpy.ndarray, int32, shape (num_steps, *shape)
    state : dict of numpy.ndarray
        Arrays like `output`, by name.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        num_steps: int,
        states: tuple[str, ...] = (),
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        output = _shared_zeros((num_steps, *shape))
        state = {name: _shared_zeros((num_steps, *shape)) for name in states}
        super().__init__(shape=shape, output=output, state=state, name=name, log_config=log_config)
        self.output, self.state = output, state
        self.a_in = InPort(shape=shape)
        self.v = RefPort(shape=shape)
        self.u = RefPort(shape=shape)
        self.out = RefPort(shape=shape)


def _shared_zeros(shape: Shape) -> IntArray:
    """Return zeros in anonymous memory that a forked child writes and its parent reads."""
    size = int(np.prod(shape)) * np.dtype(np.int32).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype=np.int32, count=int(np.prod(shape))).reshape(shape)
