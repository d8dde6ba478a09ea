"""The fixed-point model of `FusedNetwork`."""

from __future__ import annotations

import re
from abc import ABCMeta
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from lava_spquant.ir import IntArray
from lava_spquant.proc.fused.process import FusedNetwork

__all__ = ["PyFusedNetwork"]

_VAR = re.compile(r"(v|u|out)_\d+")


class _VarTypes(ABCMeta):
    """Has a type for every Var: Lava asks the model's class, and how many there are depends on the network."""

    def __getattr__(cls, name: str) -> LavaPyType:
        if _VAR.fullmatch(name):
            return LavaPyType(np.ndarray, np.int32, precision=24)
        raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


@implements(proc=FusedNetwork, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFusedNetwork(PyLoihiProcessModel, metaclass=_VarTypes):
    """Steps the engine on the CPU.

    The Vars are views of the engine's memory, so that reading one costs nothing until it is read.
    """

    inp: Any = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out: Any = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        stepper = self._stepper = proc_params["stepper"]
        blocks = stepper.network.blocks
        self._states: dict[str, IntArray] = {
            f"{name}_{index}": stepper.state(index, name).T
            for index, block in enumerate(blocks)
            for name in block.neuron.state_names
        }
        self._outputs = {f"out_{index}": index for index in range(len(blocks))}
        self.__dict__.update(self._states)

    def __setattr__(self, key: str, value: Any) -> None:
        """Write a state, given by Lava's builder or by a RefPort, to where the engine keeps it."""
        if key in self.__dict__.get("_states", ()):
            self._states[key][...] = value
        else:
            super().__setattr__(key, value)

    def run_spk(self) -> None:
        """Advance by one step.

        A network that does not need this step's input sends first, as Lava's own synapses do: it may
        then stand in a loop, and the Processes behind it need not wait for those before it.
        """
        stepper = self._stepper
        if not stepper.reads_late:
            stepper.load(self.inp.recv().T)
        stepper.advance()
        self.__dict__.update({name: stepper.output(index).T for name, index in self._outputs.items()})
        self.out.send(stepper.output(-1).T)
        if stepper.reads_late:
            stepper.load(self.inp.recv().T)

    def _set_var(self) -> None:
        """Let Lava set a Var in a copy: it writes in the order of memory, which is not that of a view."""
        copies = {name: getattr(self, name).copy() for name in (*self._states, *self._outputs)}
        self.__dict__.update(copies)
        super()._set_var()
        for name, view in self._states.items():
            view[...] = copies[name]
            self.__dict__[name] = view
