"""ProcessModels that refuse to be read where Lava's would say nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lava.magma.core.model.py.model as lava_model
import numpy as np
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND

__all__ = ["Answering"]

_ANSWERED = (int, np.int32, np.ndarray, lava_model.csr_matrix, str)
"""What Lava's ProcessModels send when they are asked for a Var; for anything else whoever asks waits for ever."""


class Answering:
    """Builds what `builder` builds: a service as it is, a ProcessModel so that every read is answered or refused.

    Parameters
    ----------
    builder : AbstractProcessBuilder or RuntimeServiceBuilder
    """

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def build(self) -> Any:
        """Build the ProcessModel or service."""
        actor = self._builder.build()
        handlers = getattr(actor, "_cmd_handlers", {})
        command = MGMT_COMMAND.GET_DATA[0]
        if command in handlers:
            handlers[command] = _answering(actor, handlers[command])
        return actor


def _answering(model: Any, read: Callable[[], None]) -> Callable[[], None]:
    """Return Lava's `read` behind a look at the Var that it is asked for."""

    def checked() -> None:
        name = model.var_id_to_var_map[int(model.service_to_process.peek()[0])]
        value = getattr(model, name)
        if not isinstance(value, _ANSWERED):
            raise TypeError(
                f"{type(model).__qualname__}: reading Var {name}: found a {type(value).__qualname__}, expected an "
                "int, an array, a sparse matrix or a str; Lava can send nothing else"
            )
        read()

    return checked
