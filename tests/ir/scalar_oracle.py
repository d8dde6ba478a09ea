"""The numeric contract once more, neuron by neuron in Python's own integers.

Written from the contract and not from `lava_spquant.ir`: it uses a network's fields alone, none of
the package's arithmetic. Python integers do not overflow, so a sum that `ir` would wrap shows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from lava_spquant import ir

__all__ = ["run_scalar"]

Index = tuple[int, ...]
Values = dict[Index, int]
"""A value per position (c,) or (c, y, x); positions outside an image are absent and count as 0."""


def run_scalar(network: ir.Network, x: ir.IntArray, timing: ir.Timing = ir.ALIGNED) -> list[dict[str, ir.IntArray]]:
    """Return, per block, every output and state variable as int64 arrays (T, N, *shape)."""
    steps, batch = x.shape[:2]
    traces: list[dict[str, ir.IntArray]] = [
        {
            name: np.zeros((steps, batch, *shape), dtype=np.int64)
            for name in (*block.neuron.outputs, *block.neuron.state_names)
        }
        for block, shape in zip(network.blocks, network.shapes, strict=True)
    ]
    for n in range(batch):
        _run_sample(network, x, n, timing, traces)
    return traces


def depths_of(network: ir.Network) -> list[int]:
    """Longest path from the input to every block; an input without a synapse costs no step."""
    depths: list[int] = []
    for block in network.blocks:
        paths = []
        for branch in block.branches:
            if branch.source == ir.INPUT:
                paths.append(0 if branch.synapse.kind == "identity" else 1)
            else:
                paths.append(depths[branch.source] + 1)
        paths += [depths[gate.source] for gate in block.gates]
        depths.append(max(paths))
    return depths


def _run_sample(
    network: ir.Network, x: ir.IntArray, n: int, timing: ir.Timing, traces: list[dict[str, ir.IntArray]]
) -> None:
    depths = depths_of(network) if timing.pipelined else [0] * len(network.blocks)
    states: list[dict[Index, dict[str, int]]] = [{} for _ in network.blocks]
    for t in range(len(x)):
        for b, (block, shape) in enumerate(zip(network.blocks, network.shapes, strict=True)):
            if _resets(timing, depths, b, t):
                states[b] = {}
            streams = [_read(network, x, traces, branch, n, t, depths, b) for branch in block.branches]
            for position in np.ndindex(*shape):
                current = sum(
                    _current(branch, stream, position) for branch, stream in zip(block.branches, streams, strict=True)
                )
                bias = block.bias[position[0]] if block.bias.shape == (shape[0],) else block.bias[position]
                if not all(_is_open(network, traces, gate, n, t, depths, b, position) for gate in block.gates):
                    current, bias = 0, 0
                state = states[b].get(position, dict.fromkeys(block.neuron.state_names, 0))
                outputs, state = STEPS[block.neuron.kind](block.neuron, state, current, int(bias))
                states[b][position] = state
                for name, value in (*outputs.items(), *state.items()):
                    traces[b][name][(t, n, *position)] = value


def _resets(timing: ir.Timing, depths: list[int], block: int, t: int) -> bool:
    """Tell whether a block resets before step `t`, here counted from 0."""
    if timing.reset_interval is None:
        return False
    if not timing.pipelined:
        first = 0
    elif timing.reset_offset is None:
        first = depths[block]
    else:
        first = timing.reset_offset + depths[block] - depths[0]
    return (t - first) % timing.reset_interval == 0


def _read(
    network: ir.Network,
    x: ir.IntArray,
    traces: list[dict[str, ir.IntArray]],
    branch: ir.Branch,
    n: int,
    t: int,
    depths: list[int],
    reader: int,
) -> Values:
    """Return what `branch` receives at step t: the stream as many steps ago as its reader lies deeper."""
    if branch.source == ir.INPUT:
        stream, depth = x, 0
    else:
        neuron = network.blocks[branch.source].neuron
        stream, depth = traces[branch.source][branch.output or neuron.outputs[0]], depths[branch.source]
    then = t - (depths[reader] - depth)
    shape = stream.shape[2:]
    return {i: int(stream[(then, n, *i)]) if then >= 0 else 0 for i in np.ndindex(*shape)}


def _is_open(
    network: ir.Network,
    traces: list[dict[str, ir.IntArray]],
    gate: ir.Gate,
    n: int,
    t: int,
    depths: list[int],
    reader: int,
    position: Index,
) -> bool:
    """Say whether a gate lets the current of one neuron pass: by channel, or by the cell that the place lies in."""
    then = t - (depths[reader] - depths[gate.source])
    if then < 0:
        return False
    own, shape = network.shapes[gate.source], network.shapes[reader]
    if own[0] == shape[0] and set(own[1:]) <= {1}:
        place: Index = (position[0], *(0 for _ in own[1:]))
    else:
        place = (0, *(p // -(-size // cells) for p, size, cells in zip(position[1:], shape[1:], own[1:], strict=True)))
    return bool(traces[gate.source]["spikes"][(then, n, *place)])


def _current(branch: ir.Branch, stream: Values, position: Index) -> int:
    """Rules 1 and 2: an exact sum, a gain, a rounding shift."""
    acc = ACCUMULATE[branch.synapse.kind](branch.synapse, stream, position)
    return _round_half_up(int(branch.gain[position[0]]) * acc, branch.shift)


def _round_half_up(value: int, shift: int) -> int:
    return (2 * value + 2**shift) // 2 ** (shift + 1)


def _identity(synapse: ir.Identity, stream: Values, position: Index) -> int:
    return stream[position]


def _dense(synapse: ir.Dense, stream: Values, position: Index) -> int:
    # np.ndindex made the positions, and runs through them in C, H, W order.
    return sum(int(w) * s for w, s in zip(synapse.weight[position[0]], stream.values(), strict=True))


def _pool(synapse: ir.SumPool, stream: Values, position: Index) -> int:
    c, y, x = position
    return sum(
        stream.get((c, y * synapse.steps[0] - synapse.padding[0] + i, x * synapse.steps[1] - synapse.padding[1] + j), 0)
        for i, j in product(range(synapse.kernel[0]), range(synapse.kernel[1]))
    )


def _conv(synapse: ir.Conv, stream: Values, position: Index) -> int:
    c_out, y, x = position
    out_channels, per_group, height, width = synapse.weight.shape
    first = c_out // (out_channels // synapse.groups) * per_group
    total = 0
    for c, i, j in product(range(per_group), range(height), range(width)):
        row = y * synapse.stride[0] - synapse.padding[0] + i * synapse.dilation[0]
        column = x * synapse.stride[1] - synapse.padding[1] + j * synapse.dilation[1]
        total += int(synapse.weight[c_out, c, i, j]) * stream.get((first + c, row, column), 0)
    return total


def _leak(value: int, decay: int) -> int:
    """Rule 3: toward zero."""
    kept = value * (4096 - decay)
    return kept // 4096 if kept >= 0 else -(-kept // 4096)


def _clip(value: int, low: int = -(2**23) + 1, high: int = 2**23 - 1) -> int:
    return max(low, min(high, value))


def _qlif(neuron: ir.QLif, state: dict[str, int], current: int, bias: int) -> tuple[dict[str, int], dict[str, int]]:
    """Rules 3 to 6."""
    m = _clip(_leak(state["v"], neuron.decay) + current + bias)
    spike = m > neuron.vth
    if spike:
        m = 0 if neuron.reset == "hard" else m - neuron.vth
    if neuron.membrane is not None:
        q = _clip(_round_half_up(m, neuron.membrane.step_exp), neuron.membrane.q_min, neuron.membrane.q_max)
        m = q * 2**neuron.membrane.step_exp
    return {"spikes": int(spike)}, {"v": m}


def _cuba(neuron: ir.Cuba, state: dict[str, int], current: int, bias: int) -> tuple[dict[str, int], dict[str, int]]:
    """Lava's fixed-point LIF: `u` wraps, `v` saturates, the reset is hard."""
    u = _leak(state["u"], neuron.current_decay) + current
    if u > 2**23:
        u -= 2**24
    elif u <= -(2**23):
        u += 2**24
    v = _clip(_leak(state["v"], neuron.voltage_decay) + u + bias)
    spike = v > neuron.vth
    return {"spikes": int(spike)}, {"u": u, "v": 0 if spike else v}


def _readout(
    neuron: ir.Readout, state: dict[str, int], current: int, bias: int
) -> tuple[dict[str, int], dict[str, int]]:
    v = _clip(state["v"] + current + bias)
    return {"graded": v}, {"v": v}


def _relay(neuron: ir.Relay, state: dict[str, int], current: int, bias: int) -> tuple[dict[str, int], dict[str, int]]:
    return {"graded": current + bias}, {}


def _limit(neuron: ir.Clip, state: dict[str, int], current: int, bias: int) -> tuple[dict[str, int], dict[str, int]]:
    return {"graded": _clip(current + bias, neuron.low, neuron.high)}, {}


def _threshold(
    neuron: ir.Threshold, state: dict[str, int], current: int, bias: int
) -> tuple[dict[str, int], dict[str, int]]:
    return {"spikes": int(current + bias > neuron.vth)}, {}


STEPS: dict[str, Callable[..., tuple[dict[str, int], dict[str, int]]]] = {
    "qlif": _qlif,
    "cuba": _cuba,
    "readout": _readout,
    "relay": _relay,
    "clip": _limit,
    "threshold": _threshold,
}
ACCUMULATE: dict[str, Callable[..., int]] = {"identity": _identity, "dense": _dense, "pool": _pool, "conv": _conv}
