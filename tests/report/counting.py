"""The reference once more, visiting every synapse of every neuron and counting the additions that it makes.

Written from the contract: synapses, gates and sums share nothing with `lava_spquant`. What neurons do with a current
is the scalar oracle's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from lava_spquant import ir
from tests.ir.scalar_oracle import STEPS, Index, depths_of

__all__ = ["Counts", "run_counting"]


@dataclass
class Counts:
    """What one branch added up, over all samples and steps: inputs that are not 0, at neurons that are open."""

    graded: bool
    additions: int = 0
    with_weight: int = 0


@dataclass
class Counted:
    """One block: what it did, what its branches added up, and at how many neurons and steps it was open."""

    record: dict[str, ir.IntArray]
    branches: list[Counts]
    open: int = 0
    states: dict[Index, dict[str, int]] = field(default_factory=dict)


def run_counting(network: ir.Network, x: ir.IntArray, timing: ir.Timing = ir.ALIGNED) -> list[Counted]:
    """Run without resets and count; outputs and states are int64 arrays (T, N, *shape)."""
    assert timing.reset_interval is None
    steps, batch = x.shape[:2]
    blocks = []
    for block, shape in zip(network.blocks, network.shapes, strict=True):
        names = (*block.neuron.outputs, *block.neuron.state_names)
        record = {name: np.zeros((steps, batch, *shape), dtype=np.int64) for name in names}
        blocks.append(Counted(record, [Counts(_is_graded(network, branch)) for branch in block.branches]))
    for n in range(batch):
        for done in blocks:
            done.states = {}
        for t, index in product(range(steps), range(len(blocks))):
            _step(network, x, blocks, index, n, t, depths_of(network) if timing.pipelined else [0] * len(blocks))
    return blocks


def _is_graded(network: ir.Network, branch: ir.Branch) -> bool:
    if branch.source == ir.INPUT:
        return network.input.bits > 1
    return (branch.output or network.blocks[branch.source].neuron.outputs[0]) == "graded"


def _step(
    network: ir.Network, x: ir.IntArray, blocks: list[Counted], index: int, n: int, t: int, depths: list[int]
) -> None:
    block, done = network.blocks[index], blocks[index]
    frames = []
    for branch in block.branches:
        source = None if branch.source == ir.INPUT else blocks[branch.source].record
        then = t - (depths[index] - (0 if source is None else depths[branch.source]))
        neuron = network.blocks[branch.source].neuron
        stream = x if source is None else source[branch.output or neuron.outputs[0]]
        frames.append(stream[then, n] if then >= 0 else np.zeros_like(stream[0, n]))
    gates = []
    for gate in block.gates:
        then, spikes = t - (depths[index] - depths[gate.source]), blocks[gate.source].record["spikes"]
        gates.append(spikes[then, n] if then >= 0 else np.zeros_like(spikes[0, n]))
    for position in np.ndindex(*network.shapes[index]):
        current = bias = 0
        if all(_lets_pass(gate, network.shapes[index], position) for gate in gates):
            done.open += 1
            bias = int(block.bias[position[: block.bias.ndim]])
            for branch, frame, counts in zip(block.branches, frames, done.branches, strict=True):
                acc = _sum(branch.synapse, frame, position, counts)
                # Rounds half up, as Python's floor division by a power of two does after adding a half.
                current += (int(branch.gain[position[0]]) * acc * 2 + 2**branch.shift) // 2 ** (branch.shift + 1)
        state = done.states.get(position, dict.fromkeys(block.neuron.state_names, 0))
        outputs, state = STEPS[block.neuron.kind](block.neuron, state, current, bias)
        done.states[position] = state
        for name, value in (*outputs.items(), *state.items()):
            done.record[name][(t, n, *position)] = value


def _lets_pass(spikes: ir.IntArray, shape: ir.Shape, position: Index) -> bool:
    if spikes.shape in (shape[:1], (shape[0], *(1 for _ in shape[1:])), (shape[0], 1, 1)):
        return bool(spikes.reshape(-1)[position[0]])
    _, rows, columns = spikes.shape
    # The fewest places per cell with which so many cells reach the border.
    height = min(h for h in range(1, shape[1] + 1) if h * rows >= shape[1])
    width = min(w for w in range(1, shape[2] + 1) if w * columns >= shape[2])
    return bool(spikes[0, position[1] // height, position[2] // width])


def _sum(synapse: ir.Synapse, frame: ir.IntArray, position: Index, counts: Counts) -> int:
    total = 0
    for index, weight in _synapses(synapse, frame.shape, position):
        value = int(frame[index])
        if value != 0:
            total += weight * value
            counts.additions += 1
            counts.with_weight += weight != 0
    return total


def _synapses(synapse: ir.Synapse, shape: ir.Shape, position: Index) -> Iterator[tuple[Index, int]]:
    """Yield where every synapse of one neuron reads, and its weight; none of them reads padding."""
    if isinstance(synapse, ir.Identity):
        yield position, 1
    elif isinstance(synapse, ir.Dense):
        for number, index in enumerate(np.ndindex(*shape)):
            yield index, int(synapse.weight[position[0], number])
    elif isinstance(synapse, ir.SumPool):
        stride = synapse.kernel if synapse.stride is None else synapse.stride
        for i, j in product(range(synapse.kernel[0]), range(synapse.kernel[1])):
            y, x = position[1] * stride[0] + i - synapse.padding[0], position[2] * stride[1] + j - synapse.padding[1]
            if 0 <= y < shape[1] and 0 <= x < shape[2]:
                yield (position[0], y, x), 1
    else:
        assert isinstance(synapse, ir.Conv)
        outputs, inputs, height, width = synapse.weight.shape
        group = position[0] * synapse.groups // outputs
        for c, i, j in product(range(inputs), range(height), range(width)):
            y = position[1] * synapse.stride[0] + i * synapse.dilation[0] - synapse.padding[0]
            x = position[2] * synapse.stride[1] + j * synapse.dilation[1] - synapse.padding[1]
            if 0 <= y < shape[1] and 0 <= x < shape[2]:
                yield (group * inputs + c, y, x), int(synapse.weight[position[0], c, i, j])
