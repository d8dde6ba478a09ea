"""Pools of a program's numbers, and weights laid out as the rows that events point at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._cpu import has_dots
from lava_spquant.engine._dot import GROUP
from lava_spquant.engine._memory import aligned_zeros, line_multiple

__all__ = [
    "Pool",
    "common_shift",
    "is_dot",
    "is_packed",
    "lay_bits",
    "lay_groups",
    "lay_rows",
    "padded",
    "padded_outputs",
    "words_of",
]

INT16_MAX, INT8_MAX = 2**15 - 1, 2**7 - 1


class Pool:
    """Arrays laid end to end, each from the start of a cache line."""

    def __init__(self, dtype: type) -> None:
        self.parts: list[NDArray[Any]] = []
        self.dtype, self.length = dtype, 0

    def add(self, values: NDArray[Any]) -> int:
        """Append `values` and return their offset."""
        start = self.length
        self.parts.append(values.astype(self.dtype).ravel())
        self.length += line_multiple(values.size, self.dtype)
        return start

    def join(self) -> NDArray[Any]:
        """Return all arrays as one, with room behind for vectors that read too far."""
        joined = aligned_zeros((self.length + t.SLACK,), self.dtype)
        at = 0
        for part in self.parts:
            joined[at : at + part.size] = part
            at += line_multiple(part.size, self.dtype)
        return joined


def padded(length: int) -> int:
    """Return `length` rounded up to a multiple of 16."""
    return -(-length // 16) * 16


def padded_outputs(channels: int) -> int:
    """Return the length of a weight row: 16, 32, 48, or a multiple of 32, which vectors divide evenly."""
    return padded(channels) if channels <= 48 else -(-channels // 32) * 32


def common_shift(weight: NDArray[Any]) -> int:
    """Return how many low bits are 0 in every weight, as in SLAYER's even ones.

    Examples
    --------
    >>> common_shift(np.array([-256, 254])), common_shift(np.array([12, 8])), common_shift(np.array([0]))
    (1, 2, 0)
    """
    low = int(np.bitwise_or.reduce(weight.astype(np.int64).ravel(), initial=0))
    return (low & -low).bit_length() - 1 if low else 0


def lay_rows(by_place: NDArray[Any], bound: int, narrow: bool, row: NDArray[np.int64], pool: Pool) -> int:
    """Add rows of output channels, padded, and a row of zeros with which lists are filled up.

    Parameters
    ----------
    by_place : numpy.ndarray of int, shape (places, channels)
    bound : int
        Largest magnitude of a sum.
    narrow : bool
        Weights that fit may be kept as int8, without the low bits that are 0 in all of them.
    row : numpy.ndarray, int64
        The branch's row of the table; its weight columns are set.
    pool : Pool of int16

    Returns
    -------
    int
        Bits that were left off: sums are so many bits too low.
    """
    outputs = by_place.shape[1]
    shift = common_shift(by_place)
    kept = by_place >> shift
    in_range = kept.min(initial=0) >= -INT8_MAX - 1 and kept.max(initial=0) <= INT8_MAX
    fits = narrow and in_range and bound >> shift <= INT16_MAX
    shift = shift if fits else 0
    rows = np.zeros((len(by_place) + 1, padded_outputs(outputs)), np.int8 if fits else np.int16)
    rows[:-1, :outputs] = by_place >> shift
    row[t.R_WEIGHT], row[t.R_STRIDE] = pool.add(rows.view(np.int16)), rows.shape[1]
    row[t.R_BYTES], row[t.R_WIDE] = fits, bound >> shift > INT16_MAX
    return shift


WORD = 64
PACKED_CHANNELS_MIN = 16
"""With fewer, a word is mostly empty, and weights are summed event by event."""


def words_of(channels: int) -> int:
    """Return the words that hold one bit per channel."""
    return -(-channels // WORD)


def is_packed(network: ir.Network, branch: ir.Branch) -> bool:
    """Say whether a branch's products are taken on bits: weights of one bit that read a block's spikes."""
    synapse = branch.synapse
    if branch.source == ir.INPUT or not isinstance(synapse, ir.Conv) or synapse.groups > 1:
        return False
    spikes = network.blocks[branch.source].output_name(branch.output) == "spikes"
    return spikes and synapse.weight_bits == 1 and synapse.weight.shape[1] >= PACKED_CHANNELS_MIN


def lay_bits(by_place: NDArray[Any], row: NDArray[np.int64], channels: int, pool: Pool) -> None:
    """Add weights of -1 and +1 as bits: for every kernel place and word of channels, a word per output.

    Parameters
    ----------
    by_place : numpy.ndarray of int, shape (places, outputs)
        A place is a kernel place and one of `channels` channels, the last varying fastest.
    row : numpy.ndarray, int64
        The branch's row of the table; its weight columns are set.
    channels : int
    pool : Pool of int16
    """
    outputs, words = by_place.shape[1], words_of(channels)
    bits = np.zeros((len(by_place) // channels, words * WORD, -(-outputs // 8) * 8), np.uint8)
    bits[:, :channels, :outputs] = (by_place > 0).reshape(-1, channels, outputs)
    packed = np.packbits(bits.reshape(-1, WORD, bits.shape[2]), axis=1, bitorder="little")
    by_output = np.ascontiguousarray(packed.transpose(0, 2, 1))
    row[t.R_WEIGHT], row[t.R_STRIDE], row[t.R_BINARY] = pool.add(by_output.view("<i2")), bits.shape[2], 1


def is_dot(network: ir.Network, branch: ir.Branch, vector: bool) -> bool:
    """Say whether a branch's products are taken four at a time: 8-bit weights that read an image of up to 8 bits."""
    synapse, spec = branch.synapse, network.input
    if not (vector and has_dots() and branch.source == ir.INPUT and isinstance(synapse, (ir.Conv, ir.Dense))):
        return False
    if isinstance(synapse, ir.Conv) and (synapse.groups > 1 or synapse.dilation[1] > 1):
        return False
    image = 1 < spec.bits <= 8 and not spec.signed
    return image and int(synapse.weight.min()) >= -INT8_MAX - 1 and int(synapse.weight.max()) <= INT8_MAX


def lay_groups(by_place: NDArray[Any], row: NDArray[np.int64], channels: int, pool: Pool) -> None:
    """Add 8-bit weights in groups of four: for every kernel row and group of its places, four bytes per output.

    Parameters
    ----------
    by_place, row, channels, pool
        As `lay_bits` has them.
    """
    outputs, lines, span = by_place.shape[1], int(row[t.R_KH]), int(row[t.R_KW]) * channels
    groups = -(-span // GROUP)
    laid = np.zeros((lines, groups * GROUP, padded(outputs)), np.int8)
    laid[:, :span, :outputs] = by_place.reshape(lines, span, outputs)
    by_output = np.ascontiguousarray(laid.reshape(lines, groups, GROUP, -1).transpose(0, 1, 3, 2))
    row[t.R_WEIGHT], row[t.R_STRIDE], row[t.R_DOT] = pool.add(by_output.view("<i2")), laid.shape[2], 1
