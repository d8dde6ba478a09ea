"""A network written down as integer tables and pools, for compiled code to interpret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.gates import gate_rows, gate_sizes, gate_sources, narrows
from lava_spquant.engine.limits import add_limits, gains_not_negative
from lava_spquant.engine.synapses import SYNAPSE_CODES
from lava_spquant.engine.tiles import is_tiled, lay_tiles, tile_scratch
from lava_spquant.engine.weights import Pool, is_dot, is_packed, lay_bits, lay_groups, lay_rows, padded, words_of
from lava_spquant.ir.limits import DECAY_UNITY, PRODUCT_MAX, STATE_MAX

__all__ = ["NEURON_CODES", "SYNAPSE_CODES", "Program", "compile_program"]

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
        Rows of output channels, padded to a multiple of 16; two int8 to an element where a branch says so.
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


def image_shape(shape: ir.Shape) -> tuple[int, int, int]:
    """Return (C, H, W); a flat shape is one pixel."""
    return (shape[0], 1, 1) if len(shape) == 1 else (shape[0], shape[1], shape[2])


def compile_program(network: ir.Network, timing: ir.Timing, vector: bool = True) -> Program:
    """Return the tables of `network` under `timing`, for vector or portable code.

    Raises
    ------
    NetworkError
        If a neuron or synapse has no compiled form.
    """
    shapes = [image_shape(network.input.shape), *(image_shape(s) for s in network.shapes)]
    rings = _rings(network, timing)
    streams, sizes = _streams(network, shapes, rings, vector)
    pools = {"weight": Pool(np.int16), "gain": Pool(np.int32), "bias": Pool(np.int32), "params": Pool(np.int64)}
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
        row[[t.B_V, t.B_U, t.B_CACHE, t.B_KEEP_U]] = state, state + neurons, -1, 1
        state += neurons * len(block.neuron.state_names)
        row[t.B_ONES] = pools["gain"].add(_tile(np.ones(shapes[b + 1][0]), shapes[b + 1][2]))
        gates = gate_rows(network, b, timing)
        row[t.B_GATES], row[t.B_GATE_AT] = len(gates), pools["params"].add(gates) if len(gates) else 0
        still = not timing.pipelined and not block.gates
        if still and all(branch.source == ir.INPUT for branch in block.branches):
            row[t.B_CACHE], cache = cache, cache + neurons + t.SLACK
        for branch, stream_bounds in zip(block.branches, bounds, strict=True):
            delay = timing.delay(network, b, branch)
            sides = shapes[branch.source + 1], shapes[b + 1]
            form = _form(network, b, branch, streams, vector)
            branches.append(_branch(branch, delay, stream_bounds, sides, form, pools))
            # One table of weights can be narrowed at a time: that of the first branch.
            branches[-1][t.R_NARROWS] = branch is block.branches[0] and narrows(network, b, branches[-1], vector)
        row[t.B_LIMITS] = add_limits(block, branches[row[t.B_FIRST_BRANCH]], vector, pools)
    sizes |= {"state": state + t.SLACK, "cache": cache + t.SLACK, **gate_sizes(blocks, branches, streams)}
    sizes |= _scratch(branches, streams, sizes)
    joined = {name: pool.join() for name, pool in pools.items()}
    return Program(network, timing, streams, blocks, np.array(branches), sizes=sizes, **joined)


def _form(network: ir.Network, b: int, branch: ir.Branch, streams: Ints, vector: bool) -> tuple[bool, bool, bool, bool]:
    """Say whether the weights of a branch of block `b` may be bytes, are tiles, bits, or groups of bytes."""
    narrow = vector and not streams[branch.source + 1, t.S_GRADED]
    tiled = is_tiled(network, b, bool(streams[b + 1, t.S_LISTED]), vector)
    return narrow, tiled, is_packed(network, branch), is_dot(network, branch, vector)


def _wants_list(network: ir.Network, branch: ir.Branch, vector: bool) -> bool:
    by_place = branch.synapse.kind in (ir.SumPool.kind, ir.Identity.kind)
    return not (by_place or is_packed(network, branch) or is_dot(network, branch, vector))


def _scratch(branches: list[Ints], streams: Ints, sizes: dict[str, int]) -> dict[str, int]:
    """Return the lengths of what holds a plan of kernel rows with a narrowed branch, and a row of anything."""
    tallest = max(int(branch[t.R_KH]) for branch in branches)
    # Also the lines of a packed stream, or those under a kernel, with their borders, two int32 to a word.
    words = [
        int(max(branch[t.R_KH], height) * (width + 2 * branch[t.R_PW] + branch[t.R_KW])) * words_of(int(channels))
        for branch in branches
        if branch[t.R_BINARY]
        for height, width, channels in [streams[branch[t.R_STREAM], [t.S_HEIGHT, t.S_WIDTH, t.S_CHANNELS]]]
    ]
    # And those of an image, a byte to a value.
    values = [
        int(branch[t.R_KH] * (width + 2 * branch[t.R_PW]) * channels)
        for branch in branches
        if branch[t.R_DOT]
        for width, channels in [streams[branch[t.R_STREAM], [t.S_WIDTH, t.S_CHANNELS]]]
    ]
    tiled = [tile_scratch(branch, streams[branch[t.R_STREAM]]) for branch in branches if branch[t.R_TILES]]
    needed = max(2 * max(words, default=0), max(values, default=0) // 4, max(tiled, default=0))
    plan = 3 * (tallest + 1) + t.R_COLUMNS + sizes["words"]
    return {"plan": plan, "row": max(sizes["row"], needed + t.SLACK)}


def _rings(network: ir.Network, timing: ir.Timing) -> list[int]:
    rings = [1] * (len(network.blocks) + 1)
    for b, block in enumerate(network.blocks):
        readers: tuple[ir.Branch | ir.Gate, ...] = (*block.branches, *block.gates)
        for reader in readers:
            rings[reader.source + 1] = max(rings[reader.source + 1], timing.delay(network, b, reader) + 1)
    # Powers of two: a slot is then some bits of the step.
    return [1 << (ring - 1).bit_length() for ring in rings]


def _streams(
    network: ir.Network, shapes: list[tuple[int, int, int]], rings: list[int], vector: bool
) -> tuple[Ints, dict[str, int]]:
    streams = np.zeros((len(shapes), t.S_COLUMNS), np.int64)
    branches = [branch for block in network.blocks for branch in block.branches]
    packed = {branch.source + 1 for branch in branches if is_packed(network, branch)}
    listed = {b.source + 1 for b in branches if _wants_list(network, b, vector)}
    dense = events = pixels = longest = 0
    by_place = {b.source + 1 for b in branches if isinstance(b.synapse, (ir.SumPool, ir.Identity))}
    by_place |= gate_sources(network)
    for s, ((channels, height, width), ring) in enumerate(zip(shapes, rings, strict=True)):
        row = padded(width * channels)
        graded = network.input.bits > 1 if s == 0 else network.blocks[s - 1].output_name() == "graded"
        dense_wanted = s in by_place or graded
        streams[s] = [
            height,
            width,
            channels,
            row,
            dense,
            events,
            pixels,
            ring,
            graded,
            dense_wanted,
            -1,
            s in listed,
            0,
            0,
        ]
        dense += ring * height * row + t.SLACK
        if s in packed:
            dense += dense % 2
            streams[s, t.S_PACKED] = dense
            dense += 2 * ring * height * width * words_of(channels) + t.SLACK
        events += ring * height * (row + 16) + t.SLACK
        pixels += ring * (height * (width + 16) + t.SLACK)
        longest = max(longest, row, height * row)
    return streams, {"dense": dense, "events": events, "pixels": pixels, "row": longest + 2 * t.SLACK}


def _tile(values: NDArray[Any], width: int) -> NDArray[np.int32]:
    """Return per-channel values for a row of `width` pixels, 0 in the padding."""
    tile = np.zeros(padded(width * values.size), np.int32)
    tile[: width * values.size] = np.tile(values.astype(np.int32), width)
    return tile


def _bias(block: ir.Block, shape: tuple[int, int, int], pool: Pool) -> tuple[int, int]:
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
    sides: tuple[tuple[int, int, int], tuple[int, int, int]],
    form: tuple[bool, bool, bool, bool],
    pools: dict[str, Pool],
) -> Ints:
    """Return a branch's row; `form` is what `_form` says."""
    source, (_, _, width) = sides
    narrow, tiled, packed, dot = form
    row = np.zeros(t.R_COLUMNS, np.int64)
    row[t.R_STREAM], row[t.R_DELAY], row[t.R_SHIFT] = branch.source + 1, delay, branch.shift
    row[t.R_HALF] = (1 << branch.shift) >> 1
    synapse = branch.synapse
    if synapse.kind not in SYNAPSE_CODES:
        raise ir.NetworkError(f"synapse: found {synapse.kind!r}, expected one of {', '.join(SYNAPSE_CODES)}")
    row[t.R_KIND], fill = SYNAPSE_CODES[synapse.kind]
    weight = fill(synapse, row, source)
    gain = np.asarray(branch.gain, np.int64)
    if weight is not None and packed:
        weight, gain = gains_not_negative(weight, gain)
        (lay_tiles if tiled else lay_bits)(weight, row, source[0], pools["weight"])
    elif weight is not None and dot:
        lay_groups(weight, row, source[0], pools["weight"])
    elif weight is not None and row[t.R_GROUPS] > 1:
        row[t.R_WEIGHT] = pools["weight"].add(weight)
    elif weight is not None:
        low, high = synapse.acc_bounds(bounds)
        bound = max(-int(low.min()), int(high.max()))
        gain = gain << lay_rows(weight, bound, narrow and row[t.R_DW] == 1, row, pools["weight"])
    row[t.R_GAIN] = pools["gain"].add(_tile(gain, width))
    return row


def _qlif(neuron: ir.QLif) -> list[int]:
    keep, soft = DECAY_UNITY - neuron.decay, -1 if neuron.reset == "soft" else 0
    levels = neuron.membrane
    if levels is None:
        return [keep, neuron.vth, soft, 0, 0, 0, 0, 0]
    return [keep, neuron.vth, soft, (1 << levels.step_exp) >> 1, levels.step_exp, levels.q_min, levels.q_max, -1]


def _cuba(neuron: ir.Cuba) -> list[int]:
    return [DECAY_UNITY - neuron.current_decay, DECAY_UNITY - neuron.voltage_decay, neuron.vth]


def _graded(neuron: ir.Readout | ir.Relay | ir.Clip) -> list[int]:
    """Return the range of what is sent on."""
    if isinstance(neuron, ir.Readout):
        return [-STATE_MAX, STATE_MAX]
    # A relay's values fit 32 bits by the network's proof.
    return [neuron.low, neuron.high] if isinstance(neuron, ir.Clip) else [-PRODUCT_MAX, PRODUCT_MAX]


def _threshold(neuron: ir.Threshold) -> list[int]:
    return [neuron.vth]


NEURON_CODES: dict[str, tuple[int, Callable[..., list[int]]]] = {
    ir.QLif.kind: (t.QLIF, _qlif),
    ir.Cuba.kind: (t.CUBA, _cuba),
    ir.Readout.kind: (t.READOUT, _graded),
    ir.Relay.kind: (t.RELAY, _graded),
    ir.Clip.kind: (t.CLIP, _graded),
    ir.Threshold.kind: (t.THRESHOLD, _threshold),
}
"""Code and parameter writer of every ir neuron."""


def _neuron(block: ir.Block) -> tuple[int, list[int]]:
    if block.neuron.kind not in NEURON_CODES:
        raise ir.NetworkError(
            f"block {block.name!r}: neuron: found {block.neuron.kind!r}, expected one of {', '.join(NEURON_CODES)}"
        )
    code, write = NEURON_CODES[block.neuron.kind]
    return code, write(block.neuron)
