"""A whole integer network computed in one Lava Process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var

from lava_spquant import ir
from lava_spquant.proc.axes import lava_shape

if TYPE_CHECKING:
    from lava_spquant.engine import Stepper

__all__ = ["FusedNetwork"]


class FusedNetwork(AbstractProcess):
    """An integer network in Lava's timing that `lava_spquant.engine` computes; it exists for the CPU only.

    Parameters
    ----------
    network : ir.Network
    timing : ir.Timing
    name : str, optional
    log_config : LogConfig, optional

    Attributes
    ----------
    inp, out : InPort, OutPort
        (W, H, C) or (C,). A value outside the network's input range raises a NetworkError.
    v_0, v_1, ..., u_0, u_1, ... : Var
        State variables of block 0, 1, ..., as far as its neurons have them.
    out_0, out_1, ... : Var
        What each block sent at the last step. To set one has no effect.
    """

    def __init__(
        self, *, network: ir.Network, timing: ir.Timing, name: str | None = None, log_config: LogConfig | None = None
    ) -> None:
        stepper = _stepper(network, timing)
        super().__init__(stepper=stepper, name=name or network.name, log_config=log_config)
        self.inp = InPort(shape=lava_shape(network.input.shape))
        self.out = OutPort(shape=lava_shape(network.output_shape))
        for index, (block, shape) in enumerate(zip(network.blocks, network.shapes, strict=True)):
            for variable in (*block.neuron.state_names, "out"):
                setattr(self, f"{variable}_{index}", Var(shape=lava_shape(shape), init=0))


def _stepper(network: ir.Network, timing: ir.Timing) -> Stepper:
    # Only here: the Process-per-layer network needs no numba.
    from lava_spquant import engine

    # The model runs in a forked child, which would have to compile anew each time.
    engine.load_compiled_steps()
    return engine.Stepper(engine.Engine(network, timing, threads=1))
