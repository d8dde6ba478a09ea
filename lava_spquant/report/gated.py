"""Synaptic operations into neurons whose gates are open: the others happen nowhere and are not counted."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir import ALIGNED, TERNARY_BITS, Conv, Dense, Identity, Network, SumPool, Synapse, Timing
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace, gate_mask
from lava_spquant.report.traces import stream

__all__ = ["open_neurons", "open_operations"]

PART_VALUES = 2**22
"""Most values that are laid out at once, be they inputs of synapses or what arrives: 32 MiB of each."""


def open_neurons(network: Network, index: int, trace: Trace, timing: Timing = ALIGNED) -> NDArray[np.bool_]:
    """Return where the gates of a block were open.

    Parameters
    ----------
    network : Network
    index : int
        Of a block with gates.
    trace : Trace
    timing : Timing
        That of the trace.

    Returns
    -------
    numpy.ndarray, bool, shape (T, N, *block shape)
        A view that must not be written to.

    Raises
    ------
    TraceError
        If the trace lacks the spikes of a gate, or holds them in another shape.
    """
    spikes = [stream(trace, network, gate.source, "spikes") for gate in network.blocks[index].gates]
    mask = gate_mask(network, index, trace.blocks, timing)
    return np.broadcast_to(mask, (*spikes[0].shape[:2], *network.shapes[index]))


def open_operations(
    synapse: Synapse, values: IntArray, is_open: NDArray[np.bool_], *, skip_zeros: bool = False
) -> NDArray[np.int64]:
    """Count, step by step, the non-zero inputs that arrive at synapses of open neurons.

    Parameters
    ----------
    synapse : Synapse
    values : numpy.ndarray of int, shape (T, N, *input shape)
        What the synapse reads.
    is_open : numpy.ndarray, bool, shape (T, N, *output shape)
    skip_zeros : bool
        Leave out synapses whose weight is 0: they add nothing.

    Returns
    -------
    numpy.ndarray, int64, shape (T,)
        Sums over samples and neurons.

    Raises
    ------
    TypeError
        If the kind of synapse is unknown here.

    Examples
    --------
    >>> dense = Dense([[1, 0], [1, -1]], TERNARY_BITS)
    >>> values, is_open = np.array([[[1, 5]]]), np.array([[[True, False]]])
    >>> open_operations(dense, values, is_open), open_operations(dense, values, is_open, skip_zeros=True)
    (array([2]), array([1]))
    """
    counting, repeats = _counting(synapse, skip_zeros)
    rows = _rows(counting, is_open.shape[2:])
    counts = np.zeros(len(values), dtype=np.int64)
    for step, (frames, mask) in enumerate(zip(values, is_open, strict=True)):
        for first in range(0, len(frames), rows):
            part = slice(first, first + rows)
            arriving = counting.accumulate((frames[part] != 0).astype(np.int32))
            counts[step] += np.sum(arriving.repeat(repeats, axis=1), where=mask[part], dtype=np.int64)
    return counts


def _counting(synapse: Synapse, skip_zeros: bool) -> tuple[Synapse, int]:
    """Return a synapse of the same geometry that counts what arrives, and how many channels each of its stands for."""
    if isinstance(synapse, (Identity, SumPool)):
        return synapse, 1
    if not isinstance(synapse, (Dense, Conv)):
        raise TypeError(f"operations: synapse: found {type(synapse).__name__}, expected Dense, Conv, SumPool, Identity")
    weight, groups = synapse.weight != 0, synapse.groups if isinstance(synapse, Conv) else 1
    repeats = 1
    if not skip_zeros or bool(weight.all()):
        # The channels of a group all read the same: one of them counts for all.
        repeats = len(weight) // groups
        weight = np.ones((groups, *weight.shape[1:]), dtype=bool)
    ones = weight.astype(np.int16)
    if isinstance(synapse, Conv):
        return Conv(ones, TERNARY_BITS, synapse.stride, synapse.padding, synapse.dilation, groups), repeats
    return Dense(ones, TERNARY_BITS), repeats


def _rows(counting: Synapse, shape: tuple[int, ...]) -> int:
    """Return how many samples of a layer of `shape` may be counted at once."""
    taps = counting.weight[0].size if isinstance(counting, (Dense, Conv)) else 1
    return max(PART_VALUES // (math.prod(shape[1:]) * max(taps, shape[0])), 1)
