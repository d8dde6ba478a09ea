"""A Process that misbehaves on purpose, for the tests of the guarded run."""

from __future__ import annotations

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Fault(AbstractProcess):
    """Counts time steps and does `fault` at step `at`."""

    def __init__(self, *, fault: str = "none", at: int = 3, name: str | None = None) -> None:
        super().__init__(fault=fault, at=at, name=name)
        self.a_in = InPort(shape=(2,))
        self.s_out = OutPort(shape=(2,))
        self.count = Var(shape=(1,), init=0)
