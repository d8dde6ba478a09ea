"""Run Processes on a stream and compare what comes out with the reference."""

from __future__ import annotations

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.proc.io.source import RingBuffer

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.ir.reference import Trace
from lava_spquant.proc import Network, guarded
from lava_spquant.proc.recorder import Recorder

__all__ = [
    "DEADLINE",
    "Records",
    "assert_as_reference",
    "assert_same",
    "in_lava_order",
    "record",
    "record_network",
    "stream_for",
    "stream_into",
]

DEADLINE = 120.0
"""Seconds, many times what any test needs."""

Records = dict[str, ir.IntArray]


def stream_into(port, stream: ir.IntArray) -> RingBuffer:
    """Connect a source that sends `stream` (T, *port.shape)."""
    source = RingBuffer(data=np.moveaxis(np.asarray(stream, dtype=np.int32), 0, -1))
    source.s_out.connect(port)
    return source


def tap(out, neuron, states: tuple[str, ...], num_steps: int) -> Recorder:
    """Record an OutPort, or a Var of a fused network."""
    variables = {name: getattr(neuron, name) for name in states}
    if isinstance(out, Var):
        variables["out"] = out
    recorder = Recorder(shape=out.shape, num_steps=num_steps, states=tuple(variables))
    for name, variable in variables.items():
        getattr(recorder, name).connect_var(variable)
    if "out" not in variables:
        out.connect(recorder.a_in)
    return recorder


def record(process: AbstractProcess, out, neuron, states: tuple[str, ...], num_steps: int) -> Records:
    """Run the graph of `process` and return "out" and states, each (T, *out.shape)."""
    recorder = tap(out, neuron, states, num_steps)
    with guarded(process, deadline=DEADLINE) as run:
        run(num_steps)
    return {"out": recorder.output} | recorder.state


def record_network(process, num_steps: int, states: tuple[str, ...] | None = None) -> list[Records]:
    """Run a network, ours or lava-dl's, and return "out" and states of every block, in its axis order."""
    taps = [
        tap(layer.out, layer.neuron, layer.ir.neuron.state_names if states is None else states, num_steps)
        for layer in process.layers
    ]
    with guarded(process, deadline=DEADLINE) as run:
        run(num_steps)
    return [{"out": t.output} | t.state for t in taps]


def assert_same(found: Trace, expected: Trace, names: tuple[str, ...]) -> None:
    """Demand the same integers at every block, step, sample and neuron."""
    for name, have, want in zip(names, found.blocks, expected.blocks, strict=True):
        assert have.keys() == want.keys()
        for key in want:
            np.testing.assert_array_equal(have[key], want[key], err_msg=f"block {name}, {key}")
    np.testing.assert_array_equal(found.output, expected.output)


def in_lava_order(x: ir.IntArray) -> ir.IntArray:
    """(T, C, H, W) to (T, W, H, C)."""
    return x.transpose(0, *range(x.ndim - 1, 0, -1))


def stream_for(network: ir.Network, seed: int, steps: int) -> ir.IntArray:
    """Return (steps, *shape) of values that `network` may read."""
    low, high = network.input.bounds
    return np.random.default_rng(seed).integers(low, high + 1, (steps, *network.input.shape))


def assert_as_reference(network: ir.Network, stream: ir.IntArray, *, fused: bool, **timing) -> Trace:
    """Demand the reference's integers at every step of Lava's time, and return them."""
    process = Network(network, fused=fused, **timing)
    stream_into(process.inp, in_lava_order(stream))
    found = record_network(process, len(stream))
    expected = reference.run(network, stream[:, None], ir.Timing(pipelined=True, **timing))
    for block, have, trace in zip(network.blocks, found, expected.blocks, strict=True):
        want = {"out": trace[block.output_name()], **{k: trace[k] for k in block.neuron.state_names}}
        assert have.keys() == want.keys()
        for key in want:
            np.testing.assert_array_equal(have[key], in_lava_order(want[key][:, 0]), err_msg=f"{block.name} {key}")
    return expected
