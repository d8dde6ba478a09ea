"""What the neuron Processes of this package share: ports, Vars and the step around the integer network's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from lava_spquant import ir
from lava_spquant.ir.neuron import zero_state
from lava_spquant.proc.axes import from_lava, to_lava

__all__ = ["NO_RESET", "NeuronModel", "NeuronProcess", "Reset"]


@dataclass(frozen=True)
class Reset:
    """When the state returns to zero: before the update at the steps t, counted from 1, of one phase.

    Parameters
    ----------
    interval : int or None
        Steps between resets; None never resets.
    phase : int
        The first such step, or any other.

    Raises
    ------
    ValueError
        If the interval is not positive.
    """

    interval: int | None = None
    phase: int = 1

    def __post_init__(self) -> None:
        if self.interval is not None and self.interval < 1:
            raise ValueError(f"reset: interval: found {self.interval}, expected at least 1 step, or None")

    def at(self, step: int) -> bool:
        """Tell whether the state is zero before the update at `step`.

        Examples
        --------
        >>> [step for step in range(1, 10) if Reset(interval=4, phase=2).at(step)]
        [2, 6]
        """
        return self.interval is not None and (step - self.phase) % self.interval == 0


NO_RESET = Reset()


class NeuronProcess(AbstractProcess):
    """A population of neurons of the integer network.

    Parameters
    ----------
    shape : tuple of int
        (W, H, C) or (C,).
    neuron : ir.Neuron
    bias : array_like of int
        Membrane units, broadcastable to `shape`: one per channel or one per neuron.
    reset : Reset
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    a_in : InPort
        Current in membrane units; connections from several branches add up.
    s_out : OutPort
        The neuron's first output.
    bias : Var
    v, u : Var
        The neuron's state variables, as far as it has them.
    """

    def __init__(
        self,
        *,
        shape: ir.Shape,
        neuron: ir.Neuron,
        bias: ArrayLike = 0,
        reset: Reset = NO_RESET,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(shape=shape, neuron=neuron, reset=reset, name=name, log_config=log_config)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.bias = Var(shape=shape, init=np.broadcast_to(np.asarray(bias, dtype=np.int32), shape).copy())
        for state in neuron.state_names:
            setattr(self, state, Var(shape=shape, init=0))


class NeuronModel(PyLoihiProcessModel):
    """Calls the neuron's pure step once per time step."""

    a_in: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    bias: Any = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive the current, step, keep the state and send the output."""
        neuron: ir.Neuron = self.proc_params["neuron"]
        current = from_lava(self.a_in.recv()).astype(np.int64)
        if self.proc_params["reset"].at(self.time_step):
            state = zero_state(neuron, current.shape)
        else:
            state = {name: from_lava(getattr(self, name)) for name in neuron.state_names}
        outputs, state = neuron.step(state, current, from_lava(self.bias))
        for name, value in state.items():
            getattr(self, name)[...] = to_lava(value)
        self.s_out.send(to_lava(outputs[neuron.outputs[0]]))
