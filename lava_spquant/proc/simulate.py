"""Whole data sets through one Lava graph, in the time of training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from lava.magma.core.process.variable import Var
from lava.proc.io.source import RingBuffer

from lava_spquant import ir
from lava_spquant.ir.errors import expect
from lava_spquant.ir.reference import Trace
from lava_spquant.proc.block.process import Block
from lava_spquant.proc.fused_layer import FusedLayer
from lava_spquant.proc.guard import guarded
from lava_spquant.proc.network.process import Network
from lava_spquant.proc.recorder.process import Recorder
from lava_spquant.proc.unlisted import unlisted

__all__ = ["simulate"]

_CHUNK = 32
"""Time steps between two calls of `progress`."""


def simulate(
    network: ir.Network,
    x: ir.IntArray,
    *,
    states: bool = True,
    fused: bool | None = False,
    deadline: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Trace:
    """Run samples back to back through the Lava Processes of `network` and record every block.

    The lag of the blocks and Lava's axis order are taken back, so that the result equals
    `ir.reference.run(network, x)` at every block and step.

    Parameters
    ----------
    network : ir.Network
    x : numpy.ndarray of int, shape (T, N, *network.input.shape)
    states : bool
        Record membrane potentials and currents too; without them it is faster.
    fused : bool, optional
        As `Network` takes it. By default every layer is a Process, because the result shall tell
        what those Processes compute.
    deadline : float, optional
        Seconds for everything; None sets no limit.
    progress : callable, optional
        Called now and then with the time steps that are done and those in all.

    Returns
    -------
    Trace
        Arrays (T, N, *shape) int32.

    Raises
    ------
    NetworkError
        If `x` does not fit the network's input.
    DeadlineError
        When the time is over.
    """
    x = network.input.check(x)
    steps, samples = x.shape[:2]
    expect(samples > 0, "input", "samples", found=0, expected="at least 1")
    num_steps = steps * samples + max(network.depths)
    with unlisted():
        process = Network(network, reset_interval=steps, fused=fused)
        source = RingBuffer(data=_source_data(x, num_steps))
        source.s_out.connect(process.inp)
        recorders = [_tap(layer, num_steps, states=states) for layer in process.layers]
    with guarded(process, deadline=deadline) as run:
        for done in range(0, num_steps, _CHUNK):
            run(min(_CHUNK, num_steps - done))
            if progress is not None:
                progress(min(done + _CHUNK, num_steps), num_steps)
    blocks = []
    for block, depth, recorder in zip(network.blocks, network.depths, recorders, strict=True):
        records = {**recorder.state, block.neuron.outputs[0]: recorder.state.get("out", recorder.output)}
        records.pop("out", None)
        blocks.append({name: _aligned(record, depth, steps, samples) for name, record in records.items()})
    return Trace(tuple(blocks), blocks[-1][network.blocks[-1].output_name()])


def _source_data(x: ir.IntArray, num_steps: int) -> ir.IntArray:
    """Return (W, H, C, num_steps) or (C, num_steps): sample after sample, then silence."""
    stream = np.zeros((num_steps, *x.shape[2:]), dtype=np.int32)
    in_order = x.swapaxes(0, 1).reshape(-1, *x.shape[2:])
    stream[: len(in_order)] = in_order
    return stream.T


def _tap(layer: Block | FusedLayer, num_steps: int, *, states: bool) -> Recorder:
    variables = {name: getattr(layer.neuron, name) for name in layer.ir.neuron.state_names if states}
    if isinstance(layer.out, Var):
        variables["out"] = layer.out
    recorder = Recorder(shape=layer.shape, num_steps=num_steps, states=tuple(variables))
    for name, variable in variables.items():
        getattr(recorder, name).connect_var(variable)
    if "out" not in variables:
        layer.out.connect(recorder.a_in)
    return recorder


def _aligned(record: ir.IntArray, depth: int, steps: int, samples: int) -> ir.IntArray:
    """Return (T, N, C, H, W) or (T, N, C) of what a block `depth` steps behind the input recorded."""
    whole = record[depth : depth + steps * samples]
    split = whole.reshape(samples, steps, *whole.shape[1:]).swapaxes(0, 1)
    return np.ascontiguousarray(split.transpose(0, 1, *range(split.ndim - 1, 1, -1)))
