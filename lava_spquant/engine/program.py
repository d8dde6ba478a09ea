"""A network written down as integer tables and pools, for compiled code to interpret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._memory import aligned_zeros, line_multiple
from lava_spquant.ir.limits import DECAY_UNITY

__all__ = ["NEURON_CODES", "SYNAPSE_CODES", "Program", "compile_program"]

INT16_MAX = 2**15 - 1

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Program:
    """Tables (rows of int64, see `_tables`) and pools of a network.

    Attributes
    ----------
    network : ir.Network
    timing : ir.Timing
    streams, blocks, branches : numpy.ndarray, int64
    weight : numpy.ndarray, int16
        Rows of output channels, padded to a multiple of 16.
    gain, bias : numpy.ndarray, int32
        Tiled over one row of neurons, 0 in the padding.
    params : numpy.ndarray, int64
        Neuron parameters.
    sizes : dict of str to int
        Lengths of the pools that a run needs.
    """

    network: ir.Network
    timing: ir.Timing
    streams: Ints
    blocks: Ints
    branches: Ints
    weight: NDArray[np.int16]
    gain: NDArray[np.int32]
    bias: NDArray[np.int32]
    params: Ints
    sizes: dict[str, int]


class _Pool:
    """Arrays laid end to end, each from the start of a cache line."""

    def __init__(self, dtype: type) -> None:
        self.parts: list[NDArray[Any]] = []
        self.dtype, self.length = dtype, 0

    def add(self, values: NDArray[Any]) -> int:
        start = self.length
        self.parts.append(values.astype(self.dtype).ravel())
        self.length += line_multiple(values.size, self.dtype)
        return start

    def join(self) -> NDArray[Any]:
        joined = aligned_zeros((self.length + t.SLACK,), self.dtype)
        at = 0
        for part in self.parts:
            joined[at : at + part.size] = part
            at += line_multiple(part.size, self.dtype)
        return joined


def image_shape(shape: ir.Shape) -> tuple[int, int, int]:
    """Return (C, H, W); a flat shape is one pixel."""
    return (shape[0], 1, 1) if len(shape) == 1 else (shape[0], shape[1], shape[2])


def padded(length: int) -> int:
    """Return `length` rounded up to a multiple of 16."""
    return -(-length // 16) * 16


def compile_program(network: ir.Network, timing: ir.Timing) -> Program:
    """Return the tables of `network` under `timing`.

    Raises
    ------
    NetworkError
        If a neuron or synapse has no compiled form.
    """
    shapes = [image_shape(network.input.shape), *(image_shape(s) for s in network.shapes)]
    rings = _rings(network, timing)
    streams, sizes = _streams(network, shapes, rings)
    pools = {"weight": _Pool(np.int16), "gain": _Pool(np.int32), "bias": _Pool(np.int32), "params": _Pool(np.int64)}
    channels, _, width = shapes[0]
    streams[0, t.S_ONES] = pools["gain"].add(_tile(np.ones(channels), width))
    streams[0, t.S_ZERO] = pools["bias"].add(_tile(np.zeros(channels), width))
    blocks = np.zeros((len(network.blocks), t.B_COLUMNS), np.int64)
    branches: list[Ints] = []
    state = cache = 0
    for b, (block, bounds) in enumerate(zip(network.blocks, network.stream_bounds(), strict=True)):
        row = blocks[b]
        neurons = int(streams[b + 1, t.S_HEIGHT] * streams[b + 1, t.S_ROW])
        row[t.B_KIND], parameters = _neuron(block)
        row[t.B_PARAMS] = pools["params"].add(np.array(parameters, np.int64))
        row[t.B_BIAS], row[t.B_BIAS_STRIDE] = _bias(block, shapes[b + 1], pools["bias"])
        row[t.B_FIRST_BRANCH], row[t.B_BRANCHES] = len(branches), len(block.branches)
        row[t.B_PHASE] = timing.reset_phase(network, b)
        row[t.B_V], row[t.B_U] = state, state + neurons
        state += neurons * len(block.neuron.state_names)
        row[t.B_CACHE], row[t.B_KEEP_U] = -1, 1
        row[t.B_ONES] = pools["gain"].add(_tile(np.ones(shapes[b + 1][0]), shapes[b + 1][2]))
        if not timing.pipelined and all(branch.source == ir.INPUT for branch in block.branches):
            row[t.B_CACHE], cache = cache, cache + neurons + t.SLACK
        for branch, stream_bounds in zip(block.branches, bounds, strict=True):
            delay = timing.delay(network, b, branch)
            branches.append(_branch(branch, delay, stream_bounds, shapes[branch.source + 1], shapes[b + 1], pools))
    tallest = max(int(row[t.R_KH]) for row in branches)
    sizes |= {"state": state + t.SLACK, "cache": cache + t.SLACK, "plan": 3 * (tallest + 1)}
    joined = {name: pool.join() for name, pool in pools.items()}
    return Program(network, timing, streams, blocks, np.array(branches), sizes=sizes, **joined)


def _rings(network: ir.Network, timing: ir.Timing) -> list[int]:
    rings = [1] * (len(network.blocks) + 1)
    for b, block in enumerate(network.blocks):
        for branch in block.branches:
            rings[branch.source + 1] = max(rings[branch.source + 1], timing.delay(network, b, branch) + 1)
    return rings


def _streams(network: ir.Network, shapes: list[tuple[int, int, int]], rings: list[int]) -> tuple[Ints, dict[str, int]]:
    streams = np.zeros((len(shapes), t.S_COLUMNS), np.int64)
    dense = events = pixels = longest = 0
    by_place = {
        branch.source + 1
        for block in network.blocks
        for branch in block.branches
        if isinstance(branch.synapse, (ir.SumPool, ir.Identity))
    }
    for s, ((channels, height, width), ring) in enumerate(zip(shapes, rings, strict=True)):
        row = padded(width * channels)
        graded = network.input.bits > 1 if s == 0 else network.blocks[s - 1].output_name() == "graded"
        streams[s] = [height, width, channels, row, dense, events, pixels, ring, graded, s in by_place or graded, 0, 0]
        dense += ring * height * row + t.SLACK
        events += ring * height * (row + 16) + t.SLACK
        pixels += ring * (height * (width + 16) + t.SLACK)
        longest = max(longest, row, height * row)
    return streams, {"dense": dense, "events": events, "pixels": pixels, "row": longest + 2 * t.SLACK}


def _tile(values: NDArray[Any], width: int) -> NDArray[np.int32]:
    """Return per-channel values for a row of `width` pixels, 0 in the padding."""
    tile = np.zeros(padded(width * values.size), np.int32)
    tile[: width * values.size] = np.tile(values.astype(np.int32), width)
    return tile


def _bias(block: ir.Block, shape: tuple[int, int, int], pool: _Pool) -> tuple[int, int]:
    """Add the bias, one row where it is the same for all rows; return offset and row stride."""
    channels, height, width = shape
    row = padded(width * channels)
    if block.bias.ndim == 1:
        return pool.add(_tile(block.bias, width)), 0
    rows = np.zeros((height, row), np.int32)
    rows[:, : width * channels] = block.bias.transpose(1, 2, 0).reshape(height, -1)
    return pool.add(rows), row


def _branch(
    branch: ir.Branch,
    delay: int,
    bounds: tuple[int, int],
    source: tuple[int, int, int],
    shape: tuple[int, int, int],
    pools: dict[str, _Pool],
) -> Ints:
    _, _, width = shape
    row = np.zeros(t.R_COLUMNS, np.int64)
    row[t.R_GAIN] = pools["gain"].add(_tile(branch.gain, width))
    row[t.R_STREAM], row[t.R_DELAY], row[t.R_SHIFT] = branch.source + 1, delay, branch.shift
    row[t.R_HALF] = (1 << branch.shift) >> 1
    synapse = branch.synapse
    if synapse.kind not in SYNAPSE_CODES:
        raise ir.NetworkError(f"synapse: found {synapse.kind!r}, expected one of {', '.join(SYNAPSE_CODES)}")
    row[t.R_KIND], fill = SYNAPSE_CODES[synapse.kind]
    fill(synapse, row, source, pools["weight"])
    low, high = synapse.acc_bounds(bounds)
    row[t.R_WIDE] = max(-int(low.min()), int(high.max())) > INT16_MAX
    return row


def _weight_rows(by_place: NDArray[Any], pool: _Pool, row: Ints) -> None:
    """Add rows of output channels, padded, and a row of zeros with which lists are filled up."""
    outputs = by_place.shape[1]
    rows = np.zeros((len(by_place) + 1, padded_outputs(outputs)), np.int16)
    rows[:-1, :outputs] = by_place
    row[t.R_WEIGHT], row[t.R_STRIDE] = pool.add(rows), rows.shape[1]


def padded_outputs(channels: int) -> int:
    """Return the length of a weight row: 16, 32, 48, or a multiple of 64, which vectors divide evenly."""
    return padded(channels) if channels <= 48 else -(-channels // 64) * 64


def _dense(synapse: ir.Dense, row: Ints, source: tuple[int, int, int], pool: _Pool) -> None:
    """Write a convolution whose kernel is the whole source."""
    outputs = synapse.weight.shape[0]
    row[[t.R_KH, t.R_KW]] = source[1:]
    row[[t.R_SH, t.R_SW, t.R_DH, t.R_DW, t.R_GROUPS]] = 1
    _weight_rows(synapse.weight.reshape(outputs, *source).transpose(2, 3, 1, 0).reshape(-1, outputs), pool, row)


def _conv(synapse: ir.Conv, row: Ints, source: tuple[int, int, int], pool: _Pool) -> None:
    weight, groups = synapse.weight, synapse.groups
    outputs, per_in = weight.shape[0], weight.shape[1]
    row[[t.R_KH, t.R_KW]], row[[t.R_SH, t.R_SW]] = synapse.kernel, synapse.stride
    row[[t.R_PH, t.R_PW]], row[[t.R_DH, t.R_DW]] = synapse.padding, synapse.dilation
    row[t.R_GROUPS] = groups
    if groups == 1:
        _weight_rows(weight.transpose(2, 3, 1, 0).reshape(-1, outputs), pool, row)
        return
    # (kh, kw, C_in, outputs of the channel's group)
    split = weight.reshape(groups, outputs // groups, per_in, *synapse.kernel)
    row[t.R_WEIGHT] = pool.add(split.transpose(3, 4, 0, 2, 1))


def _pool(synapse: ir.SumPool, row: Ints, source: tuple[int, int, int], pool: _Pool) -> None:
    row[[t.R_KH, t.R_KW]], row[[t.R_SH, t.R_SW]] = synapse.kernel, synapse.steps
    row[[t.R_PH, t.R_PW]] = synapse.padding


def _identity(synapse: ir.Identity, row: Ints, source: tuple[int, int, int], pool: _Pool) -> None:
    """Nothing but the kind."""


SYNAPSE_CODES: dict[str, tuple[int, Callable[..., None]]] = {
    ir.Dense.kind: (t.CONV, _dense),
    ir.Conv.kind: (t.CONV, _conv),
    ir.SumPool.kind: (t.POOL, _pool),
    ir.Identity.kind: (t.IDENTITY, _identity),
}
"""Code and table writer of every ir synapse."""


def _qlif(neuron: ir.QLif) -> list[int]:
    keep, soft = DECAY_UNITY - neuron.decay, -1 if neuron.reset == "soft" else 0
    levels = neuron.membrane
    if levels is None:
        return [keep, neuron.vth, soft, 0, 0, 0, 0, 0]
    return [keep, neuron.vth, soft, (1 << levels.step_exp) >> 1, levels.step_exp, levels.q_min, levels.q_max, -1]


def _cuba(neuron: ir.Cuba) -> list[int]:
    return [DECAY_UNITY - neuron.current_decay, DECAY_UNITY - neuron.voltage_decay, neuron.vth]


def _none(neuron: ir.Readout | ir.Relay) -> list[int]:
    return [0]


NEURON_CODES: dict[str, tuple[int, Callable[..., list[int]]]] = {
    ir.QLif.kind: (t.QLIF, _qlif),
    ir.Cuba.kind: (t.CUBA, _cuba),
    ir.Readout.kind: (t.READOUT, _none),
    ir.Relay.kind: (t.RELAY, _none),
}
"""Code and parameter writer of every ir neuron."""


def _neuron(block: ir.Block) -> tuple[int, list[int]]:
    if block.neuron.kind not in NEURON_CODES:
        raise ir.NetworkError(
            f"block {block.name!r}: neuron: found {block.neuron.kind!r}, expected one of {', '.join(NEURON_CODES)}"
        )
    code, write = NEURON_CODES[block.neuron.kind]
    return code, write(block.neuron)
