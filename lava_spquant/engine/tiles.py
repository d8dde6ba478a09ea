"""Which convolutions are computed in matrix tiles, and their weights laid out for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._cpu import has_tiles
from lava_spquant.engine._tiles import BLOCK
from lava_spquant.engine.limits import only_thresholds
from lava_spquant.engine.weights import WORD, Pool, is_packed, words_of

__all__ = ["is_tiled", "lay_tiles", "tile_scratch"]

ROWS, GROUP = 16, 4
"""Rows of a tile, and bytes of a column that lie side by side in the weights' tiles."""

PIXELS_MIN = 128
"""With fewer pixels, fetching weights of eight times as many bytes takes longer than tiles save."""


def is_tiled(network: ir.Network, b: int, listed: bool, vector: bool) -> bool:
    """Say whether block `b` is computed in tiles: thresholds on weights of one bit, of which nobody wants lists."""
    block = network.blocks[b]
    synapse = block.branches[0].synapse
    if not (vector and has_tiles() and only_thresholds(block) and is_packed(network, block.branches[0])):
        return False
    assert isinstance(synapse, ir.Conv)
    dense = synapse.stride == (1, 1) and synapse.dilation[1] == 1
    channels, height, width = network.shapes[b]
    return dense and channels % BLOCK == 0 and height * width >= PIXELS_MIN and not listed


def lay_tiles(by_place: NDArray[Any], row: NDArray[np.int64], channels: int, pool: Pool) -> None:
    """Add weights of -1 and +1 as tiles: for every kernel place, word of channels and 16 outputs, a tile of bytes.

    Parameters
    ----------
    by_place, row, channels, pool
        As `weights.lay_bits` has them.
    """
    outputs, words = by_place.shape[1], words_of(channels)
    laid = np.zeros((len(by_place) // channels, words * WORD, outputs), np.int8)
    laid[:, :channels] = by_place.reshape(-1, channels, outputs)
    # (places * words, rows, bytes, groups of outputs, outputs) with bytes innermost and groups before rows.
    split = laid.reshape(-1, ROWS, GROUP, outputs // ROWS, ROWS).transpose(0, 3, 1, 4, 2)
    tiles = np.ascontiguousarray(split).reshape(-1)
    row[t.R_WEIGHT], row[t.R_STRIDE], row[t.R_TILES] = pool.add(tiles.view("<i2")), outputs, 1


def tile_scratch(branch: NDArray[np.int64], stream: NDArray[np.int64]) -> int:
    """Return the int32 that hold a stream's lines as bytes, as far as tiles read, or a block's sums."""
    words, reach = words_of(int(stream[t.S_CHANNELS])), int((branch[t.R_KH] - 1) * branch[t.R_DH])
    pitch = int(stream[t.S_WIDTH] + 2 * branch[t.R_PW])
    # As many rows of neurons as lines of the padded source, at most.
    lines = int(stream[t.S_HEIGHT] + 2 * branch[t.R_PH]) + reach
    pixels = lines * pitch + BLOCK + int(branch[t.R_KW])
    return max(pixels * words * WORD // 4, BLOCK * BLOCK)
