"""The reference interpreter: plain NumPy, slow, and by definition what a network means.

Every other executor (SLAYER in `eval()`, the Lava Processes, a compiled simulator) must give the
same integers at every block and every step.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arith import broadcast_channels, rescale
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.block import INPUT, Block, Branch
from lava_spquant.ir.gate import opened
from lava_spquant.ir.network import Network
from lava_spquant.ir.neuron import zero_state
from lava_spquant.ir.timing import ALIGNED, Timing

__all__ = ["Trace", "gate_mask", "run"]


@dataclass(frozen=True, eq=False)
class Trace:
    """What every block did at every step.

    Attributes
    ----------
    blocks : tuple of dict
        Per block, arrays (T, N, *shape) int32 by name: the neuron's outputs ("spikes" or
        "graded") and its state variables after the step ("v", and "u" for CUBA).
    output : numpy.ndarray
        The last block's first output.
    """

    blocks: tuple[dict[str, IntArray], ...]
    output: IntArray


def run(network: Network, x: IntArray, timing: Timing = ALIGNED) -> Trace:
    """Run `network` on `x` from zero state and record everything.

    Parameters
    ----------
    network : Network
    x : numpy.ndarray of int, shape (T, N, *network.input.shape)
    timing : Timing
        Training's aligned time by default.

    Returns
    -------
    Trace

    Raises
    ------
    NetworkError
        If `x` does not fit the network's input.

    Examples
    --------
    >>> from lava_spquant.ir import Block, Branch, Dense, InputSpec, QLif
    >>> block = Block("only", (Branch(Dense([[1]], 1), gain=[40]),), QLif(decay=0, vth=64), bias=[0])
    >>> run(Network(InputSpec((1,)), (block,)), np.ones((4, 1, 1), int)).output.ravel().tolist()
    [0, 1, 0, 1]
    """
    x = network.input.check(x)
    traces: list[dict[str, IntArray]] = []
    for index, block in enumerate(network.blocks):
        current: IntArray = np.zeros(1, dtype=np.int64)
        for branch in block.branches:
            stream = _stream(network, traces, branch, x)
            current = current + _branch_current(branch, _delayed(stream, timing.delay(network, index, branch)))
        bias = broadcast_channels(block.bias, current.ndim - 2)
        if block.gates:
            current = np.where(gate_mask(network, index, traces, timing), current + bias, 0)
            bias = np.zeros_like(bias)
        traces.append(_run_neurons(network, index, block, current, bias, timing))
    return Trace(tuple(traces), traces[-1][network.blocks[-1].output_name()])


def gate_mask(
    network: Network, index: int, records: Sequence[dict[str, IntArray]], timing: Timing = ALIGNED
) -> NDArray[np.bool_]:
    """Return where the gates of block `index` let its current pass.

    Parameters
    ----------
    network : Network
    index : int
        A block with gates.
    records : sequence of dict
        What the blocks before it did, as in `Trace`.
    timing : Timing

    Returns
    -------
    numpy.ndarray, bool
        Broadcastable to (T, N, *shape of the block).
    """
    masks = []
    for gate in network.blocks[index].gates:
        spikes = records[gate.source][network.blocks[gate.source].output_name()]
        masks.append(opened(_delayed(spikes, timing.delay(network, index, gate)), network.shapes[index]))
    return functools.reduce(np.logical_and, masks)


def _stream(network: Network, traces: list[dict[str, IntArray]], branch: Branch, x: IntArray) -> IntArray:
    if branch.source == INPUT:
        return x
    return traces[branch.source][network.blocks[branch.source].output_name(branch.output)]


def _delayed(stream: IntArray, steps: int) -> IntArray:
    """Shift (T, ...) later by `steps`, starting with zeros."""
    if steps == 0:
        return stream
    silence = np.zeros_like(stream[: min(steps, len(stream))])
    return np.concatenate([silence, stream[: max(len(stream) - steps, 0)]])


def _branch_current(branch: Branch, stream: IntArray) -> IntArray:
    """Accumulate and rescale all steps at once: a branch has no state."""
    steps, batch = stream.shape[:2]
    acc = branch.synapse.accumulate(stream.reshape(steps * batch, *stream.shape[2:]))
    current = rescale(acc, branch.gain, branch.shift)
    return current.reshape(steps, batch, *current.shape[1:])


def _run_neurons(
    network: Network, index: int, block: Block, current: IntArray, bias: IntArray, timing: Timing
) -> dict[str, IntArray]:
    neuron = block.neuron
    state = zero_state(neuron, current.shape[1:])
    record: dict[str, list[IntArray]] = {name: [] for name in (*neuron.outputs, *neuron.state_names)}
    for t in range(len(current)):
        if timing.resets(network, index, t + 1):
            state = zero_state(neuron, current.shape[1:])
        outputs, state = neuron.step(state, current[t], bias)
        for name, value in (*outputs.items(), *state.items()):
            record[name].append(value)
    return {name: np.stack(values) for name, values in record.items()}
