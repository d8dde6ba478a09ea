"""Everything that can run an integer network, under one signature and by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.ir.reference import Trace

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["EXECUTORS", "Executor", "Run", "default_executor", "prepare"]

Done = Callable[[int], None]
"""Called with the number of samples that are done."""

Run = Callable[[ir.IntArray, Done], Trace]
"""Runs (T, N, *input shape) and records every block, or its last block's output alone."""

Prepare = Callable[[ir.Network, "SpikingNetwork | None"], Run]

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
    prepare_output : callable, optional
        The same for runs of which only the output is wanted, where that is cheaper.
    """

    name: str
    label: str
    prepare: Prepare
    prepare_output: Prepare | None = None


def _reference(network: ir.Network, model: SpikingNetwork | None) -> Run:
    def run(x: ir.IntArray, done: Done) -> Trace:
        trace = reference.run(network, x)
        done(x.shape[1])
        return trace

    return run


def _engine(network: ir.Network, model: SpikingNetwork | None) -> Run:
    return _compiled(network, ("outputs", "v", "u"))


def _engine_output(network: ir.Network, model: SpikingNetwork | None) -> Run:
    return _compiled(network, ())


def _compiled(network: ir.Network, record: tuple[str, ...]) -> Run:
    from lava_spquant.engine import Engine

    engine = Engine(network)

    def run(x: ir.IntArray, done: Done) -> Trace:
        trace = engine.run(x, record=record)
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
        Executor("engine", "engine", _engine, _engine_output),
        Executor("slayer", "SLAYER eval()", _slayer),
        Executor("lava", "Lava Processes", _lava),
    )
}
"""Every executor by name; to add one, write its `prepare` and enter it here."""


def default_executor() -> str:
    """Return the fastest executor that can be had: the engine, or the reference where numba is not installed."""
    return "engine" if find_spec("numba") is not None else "reference"


def prepare(name: str, network: ir.Network, model: SpikingNetwork | None = None, *, output_only: bool = False) -> Run:
    """Return what runs `network` on the executor `name`.

    Parameters
    ----------
    name : str
        A key of `EXECUTORS`.
    network : Network
    model : SpikingNetwork, optional
        The trained model, for the executor "slayer".
    output_only : bool
        The trace needs no more than the last block's output; it may hold more.

    Raises
    ------
    ValueError
        If there is no such executor, or it needs a trained model and there is none.
    ModuleNotFoundError
        If the library behind it is not installed.
    """
    if name not in EXECUTORS:
        raise ValueError(f"executor: found {name!r}, expected one of {', '.join(EXECUTORS)}")
    executor = EXECUTORS[name]
    chosen = executor.prepare_output if output_only and executor.prepare_output is not None else executor.prepare
    return chosen(network, model)
