"""Gates: spikes of one block that let the current of another pass, channel by channel or place by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.errors import expect

__all__ = ["Gate", "check_gate_shape", "is_channel_gate", "opened"]


@dataclass(frozen=True)
class Gate:
    """What decides which neurons of a block receive current at a step: dynamic pruning.

    Where the gate's spikes are 0, the block's current, bias included, is 0: nothing of it has to be computed. The
    membrane potential leaks as ever. With several gates a neuron receives current where all are open.

    Parameters
    ----------
    source : int
        Index of an earlier block that spikes. Its shape is (C,) or (C, 1, 1) for one spike per channel of the gated
        block (channel predictors), or (1, h, w) for one spike per cell of ceil(H / h) x ceil(W / w) places (spatial
        gates).

    Raises
    ------
    NetworkError
        If the source is not a block's index.
    """

    source: int

    def __post_init__(self) -> None:
        good = isinstance(self.source, (int, np.integer)) and self.source >= 0
        expect(good, "gate", "source", found=self.source, expected="index of an earlier block")


def is_channel_gate(gate: Shape, shape: Shape) -> bool:
    """Say whether spikes of shape `gate` are one per channel of a block of `shape`."""
    return gate[0] == shape[0] and all(n == 1 for n in gate[1:])


def _cell(places: int, gates: int) -> int:
    return -(-places // gates)


def check_gate_shape(gate: Shape, shape: Shape, where: str) -> None:
    """Raise `NetworkError` unless spikes of shape `gate` fit a block of `shape`."""
    cells = (
        len(gate) == len(shape) == 3
        and gate[0] == 1
        and all(n <= size and _cell(size, _cell(size, n)) == n for n, size in zip(gate[1:], shape[1:], strict=True))
    )
    expected = f"({shape[0]},), ({shape[0]}, 1, 1), or (1, h, w) cells of equal size over {shape}"
    expect(cells or is_channel_gate(gate, shape), where, "gate shape", found=gate, expected=expected)


def opened(spikes: IntArray, shape: Shape) -> NDArray[np.bool_]:
    """Return where a gate lets current pass.

    Parameters
    ----------
    spikes : numpy.ndarray, 0 or 1, shape (..., *gate shape)
        Two axes in front: (T, N, ...).
    shape : tuple of int
        Shape of the gated block.

    Returns
    -------
    numpy.ndarray, bool
        Broadcastable to (T, N, *shape).

    Examples
    --------
    >>> opened(np.array([[[[[1, 0]]]]]), (2, 1, 3)).tolist()
    [[[[[True, True, False]]]]]
    """
    found: NDArray[Any] = spikes != 0
    gate = spikes.shape[2:]
    if is_channel_gate(gate, shape):
        return found.reshape(*spikes.shape[:2], shape[0], *(1 for _ in shape[1:]))
    for axis, (cells, size) in enumerate(zip(gate[1:], shape[1:], strict=True), start=3):
        found = found.repeat(_cell(size, cells), axis=axis).take(np.arange(size), axis=axis)
    return found
