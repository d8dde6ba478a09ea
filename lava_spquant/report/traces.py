"""What every report asks of a trace before it trusts it."""

from __future__ import annotations

from lava_spquant.ir import Network
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.block import Block
from lava_spquant.ir.reference import Trace

__all__ = ["TraceError", "check_trace", "stream", "stream_names"]


class TraceError(ValueError):
    """A trace that does not belong to the network: what is wrong, where, found and expected."""


def stream_names(block: Block) -> tuple[str, ...]:
    """Return everything that a trace may hold for `block`: its outputs, then its state variables."""
    return (*block.neuron.outputs, *block.neuron.state_names)


def stream(trace: Trace, network: Network, index: int, name: str) -> IntArray:
    """Return one recorded stream, shape (T, N, *block shape).

    Parameters
    ----------
    trace : Trace
    network : Network
    index : int
        Of the block.
    name : str
        "spikes", "graded", "v" or "u".

    Raises
    ------
    TraceError
        If the trace does not hold it, or holds it in another shape.
    """
    where, recorded = f"block {network.blocks[index].name!r}", trace.blocks[index]
    if name not in recorded:
        raise TraceError(f"{where}: {name}: found only {sorted(recorded)} in the trace, expected {name} among them")
    values = recorded[name]
    if values.ndim < 3 or values.shape[2:] != network.shapes[index]:
        raise TraceError(f"{where}: {name}: found shape {values.shape}, expected (T, N, *{network.shapes[index]})")
    return values


def check_trace(trace: Trace, network: Network) -> tuple[int, int]:
    """Return (T, N) after checking that every recorded stream belongs to `network` and has that length.

    Raises
    ------
    TraceError
        If there are more or fewer blocks, or a stream has another shape or length than the others.
    """
    if len(trace.blocks) != len(network.blocks):
        raise TraceError(f"trace: blocks: found {len(trace.blocks)}, expected {len(network.blocks)}")
    extents = {
        (network.blocks[i].name, name): stream(trace, network, i, name).shape[:2]
        for i, recorded in enumerate(trace.blocks)
        for name in recorded
    }
    if not extents:
        raise TraceError("trace: streams: found none, expected at least one")
    steps, samples = next(iter(extents.values()))
    for (block, name), extent in extents.items():
        if extent != (steps, samples):
            raise TraceError(f"block {block!r}: {name}: found (T, N) = {extent}, expected {(steps, samples)}")
    return steps, samples
