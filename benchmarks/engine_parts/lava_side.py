"""Lava's side: lava-dl's own NetX, or our Process-per-layer network, guarded, free or pinned to one core."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine_parts.workloads import Workload
from lava_spquant import ir
from lava_spquant.engine import Engine

__all__ = ["LavaRun", "lava_run"]

DEADLINE = 3600.0

CHECKED_STEPS = 13
"""Steps after which all states are compared; no multiple of a reset interval, deeper than every network."""


class LavaRun:
    """A graph that is built: it runs on, turn after turn."""

    def __init__(self, process: Any, run: Any, cores: set[int] | None) -> None:
        self.process, self._run, self._cores = process, run, cores

    def __call__(self, steps: int) -> None:
        """Advance by `steps` time steps."""
        with _pinned(self._cores):
            self._run(steps)

    def check(self, workload: Workload) -> int:
        """Run the first steps, compare every layer's state with the engine's, return the number of values.

        A spike that came at another step, or not, shows in the state of the layer behind it.

        Raises
        ------
        RuntimeError
            If a value differs.
        """
        self(CHECKED_STEPS)
        expected = Engine(workload.network, workload.timing).run(
            np.ascontiguousarray(workload.x[:CHECKED_STEPS, :1]), record=("u", "v")
        )
        compared = 0
        for block, layer, states in zip(workload.network.blocks, self.process.layers, expected.blocks, strict=True):
            # An image that arrives as a bias in lava-dl is a current in ours, forgotten at once.
            as_bias = workload.lava_dl and isinstance(block.branches[0].synapse, ir.Identity)
            for name in block.neuron.state_names:
                if name == "u" and as_bias:
                    continue
                have, want = getattr(layer.neuron, name).get(), states[name][-1, 0].T
                if not np.array_equal(have, want):
                    where = f"{workload.name}: block {block.name}: {name} after {CHECKED_STEPS} steps"
                    raise RuntimeError(f"{where}: found Lava and the engine apart, expected the same integers")
                compared += want.size
        return compared


@contextmanager
def lava_run(workload: Workload, *, pinned: bool = False, fused: bool = False) -> Iterator[LavaRun]:
    """Build the graph of the workload's first stream.

    Parameters
    ----------
    workload : Workload
    pinned : bool
        Keep the graph's processes, and this one while it runs, on one core.
    fused : bool
        Our network in one Process; else lava-dl's where it can, ours with a Process per layer where not.
    """
    from lava_spquant import proc

    cores = {min(os.sched_getaffinity(0))} if pinned else None
    process = _lava_dl(workload) if workload.lava_dl and not fused else _ours(workload, fused)
    source = process
    if not (workload.lava_dl and not fused and workload.network.input.bits > 1):
        source = _source(workload, process)
    with _pinned(cores):
        # Children are forked here and keep the cores of their parent.
        guard = proc.guarded(source, deadline=DEADLINE)
        run = guard.__enter__()
    try:
        yield LavaRun(process, run, cores)
    finally:
        guard.__exit__(None, None, None)


def _lava_dl(workload: Workload) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lava-dl's own imports warn
        from lava.lib.dl.netx import hdf5

        interval, offset = workload.timing.reset_interval, workload.timing.reset_offset
        process = hdf5.Network(str(workload.path), reset_interval=interval, reset_offset=offset or 0)
    if workload.network.input.bits > 1:
        process.in_layer.neuron.bias_mant.init = workload.x[0, 0].T.copy()
    return process


def _ours(workload: Workload, fused: bool) -> Any:
    from lava_spquant import proc

    timing = workload.timing
    options: dict[str, Any] = {"fused": fused}
    return proc.Network(
        workload.network, reset_interval=timing.reset_interval, reset_offset=timing.reset_offset, **options
    )


def _source(workload: Workload, process: Any) -> Any:
    """Return a source that sends the workload's first stream over and over."""
    from lava.proc.io.source import RingBuffer

    # One step is enough of an image that stands still.
    stream = workload.x[:1, 0] if workload.x.strides[0] == 0 else workload.x[:, 0]
    source = RingBuffer(data=np.ascontiguousarray(stream).T)
    source.s_out.connect(process.inp)
    return source


@contextmanager
def _pinned(cores: set[int] | None) -> Iterator[None]:
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
