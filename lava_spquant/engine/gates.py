"""Gates as rows of numbers, and which synapses can leave closed channels out."""

from __future__ import annotations

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t

__all__ = ["HAS_COMPRESS", "gate_rows", "gate_sizes", "gate_sources", "narrows"]

Ints = NDArray[np.int64]

HAS_COMPRESS = bool(llvm.get_host_cpu_features().get("avx512vbmi2"))
"""Whether bytes can be moved together; without, what channel gates close is summed and put to 0."""


def gate_sources(network: ir.Network) -> set[int]:
    """Return the streams that gates read."""
    return {gate.source + 1 for block in network.blocks for gate in block.gates}


def gate_rows(network: ir.Network, index: int, timing: ir.Timing) -> Ints:
    """Return a row of numbers (see `_tables`) for every gate of a block."""
    shape = network.shapes[index]
    rows = np.zeros((len(network.blocks[index].gates), t.G_COLUMNS), np.int64)
    for row, gate in zip(rows, network.blocks[index].gates, strict=True):
        own = network.shapes[gate.source]
        row[[t.G_STREAM, t.G_DELAY]] = gate.source + 1, timing.delay(network, index, gate)
        if not ir.is_channel_gate(own, shape):
            cells = [-(-size // n) for size, n in zip(shape[1:], own[1:], strict=True)]
            row[[t.G_CELL_HEIGHT, t.G_CELL_WIDTH]] = cells
    return rows


def narrows(network: ir.Network, index: int, row: Ints, vector: bool) -> bool:
    """Say whether a branch's closed channels are left out of its sums: where these are lists of weight rows."""
    shape = network.shapes[index]
    by_channel = any(ir.is_channel_gate(network.shapes[gate.source], shape) for gate in network.blocks[index].gates)
    listed = row[t.R_KIND] == t.CONV and row[t.R_GROUPS] == 1 and row[t.R_DW] == 1
    return bool(HAS_COMPRESS and vector and by_channel and listed and not row[t.R_BINARY] and not row[t.R_DOT])


def gate_sizes(blocks: Ints, branches: list[Ints], streams: Ints) -> dict[str, int]:
    """Return the lengths of what gates need in a run.

    These are the int16 values of the largest table of weights that is narrowed, a row of neurons, and the words that
    hold one bit for every channel of a gated block, whether it narrows weights or not.
    """
    rows = [row for row in branches if row[t.R_NARROWS]]
    places = [int(row[t.R_KH] * row[t.R_KW] * streams[row[t.R_STREAM], t.S_CHANNELS] + 1) for row in rows]
    gated = streams[1:][blocks[:, t.B_GATES] > 0]
    return {
        "narrow": max((n * int(row[t.R_STRIDE]) for n, row in zip(places, rows, strict=True)), default=0) + t.SLACK,
        "gate_row": int(gated[:, t.S_ROW].max(initial=0)) + t.SLACK,
        "words": -(-int(gated[:, t.S_CHANNELS].max(initial=0)) // 64),
    }
