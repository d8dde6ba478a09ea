"""A Process that writes another's Var once, through a RefPort."""

from __future__ import annotations

import numpy as np
from lava.magma.core.process.ports.ports import RefPort
from lava.magma.core.process.process import AbstractProcess


class Writer(AbstractProcess):
    """Writes `values` after step `at`."""

    def __init__(self, *, values: np.ndarray, at: int) -> None:
        super().__init__(values=values, at=at)
        self.var = RefPort(shape=values.shape)
