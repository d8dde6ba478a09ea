"""Everything that can run an integer network, under one signature and by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.ir.reference import Trace

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["EXECUTORS", "Executor", "Run", "prepare"]

Done = Callable[[int], None]
"""Called with the number of samples that are done."""

Run = Callable[[ir.IntArray, Done], Trace]
"""Runs (T, N, *input shape) and records every block."""

LAVA_START_SECONDS = 120.0
LAVA_STEP_SECONDS = 2.0
"""A Lava run may take so long to build, and per time step; some twenty times what PilotNet needs."""


@dataclass(frozen=True)
class Executor:
    """One way to run a network.

    Parameters
    ----------
    name : str
        Its name in the registry.
    label : str
        What tables and progress bars call it.
    prepare : callable
        Takes the integer network and the trained model (None where only a file is at hand) and
        returns what runs inputs. Imports what it needs, so that naming an executor costs nothing.
    """

    name: str
    label: str
    prepare: Callable[[ir.Network, SpikingNetwork | None], Run]


def _reference(network: ir.Network, model: SpikingNetwork | None) -> Run:
    def run(x: ir.IntArray, done: Done) -> Trace:
        trace = reference.run(network, x)
        done(x.shape[1])
        return trace

    return run


def _slayer(network: ir.Network, model: SpikingNetwork | None) -> Run:
    if model is None:
        raise ValueError("executor 'slayer': found a network without its trained model, expected a checkpoint")

    def run(x: ir.IntArray, done: Done) -> Trace:
        trace = model.trace(x)
        done(x.shape[1])
        return trace

    return run


def _lava(network: ir.Network, model: SpikingNetwork | None) -> Run:
    from lava_spquant.proc import simulate

    def run(x: ir.IntArray, done: Done) -> Trace:
        steps, samples = x.shape[:2]
        deadline = LAVA_START_SECONDS + LAVA_STEP_SECONDS * (steps * samples + max(network.depths))
        return simulate(network, x, deadline=deadline, progress=lambda now, total: done(samples * now // total))

    return run


EXECUTORS: dict[str, Executor] = {
    executor.name: executor
    for executor in (
        Executor("reference", "integer reference", _reference),
        Executor("slayer", "SLAYER eval()", _slayer),
        Executor("lava", "Lava Processes", _lava),
    )
}
"""Every executor by name; to add one, write its `prepare` and enter it here."""


def prepare(name: str, network: ir.Network, model: SpikingNetwork | None = None) -> Run:
    """Return what runs `network` on the executor `name`.

    Raises
    ------
    ValueError
        If there is no such executor, or it needs a trained model and there is none.
    ModuleNotFoundError
        If the library behind it is not installed.
    """
    if name not in EXECUTORS:
        raise ValueError(f"executor: found {name!r}, expected one of {', '.join(EXECUTORS)}")
    return EXECUTORS[name].prepare(network, model)
