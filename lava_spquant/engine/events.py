"""Address events as network input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_spquant import ir

__all__ = ["events_to_dense"]


def events_to_dense(events: ArrayLike, spec: ir.InputSpec, steps: int) -> ir.IntArray:
    """Return spikes (T, 1, C, H, W) for a list of address events.

    Several events at one address and step are one spike where the input is spikes, and are counted where
    it is graded.

    Parameters
    ----------
    events : array_like of int, shape (E, 4)
        Columns t, x, y, channel, in the order of time; t counts steps from 0.
    spec : ir.InputSpec
        Shape (C, H, W).
    steps : int
        T.

    Raises
    ------
    NetworkError
        If the events are not of that shape, out of range, out of order, or too many for the input's width.

    Examples
    --------
    >>> events_to_dense([[0, 1, 0, 0], [1, 0, 0, 0]], ir.InputSpec((1, 1, 2)), 2)[:, 0, 0, 0].tolist()
    [[0, 1], [1, 0]]
    """
    listed = np.asarray(events)
    if listed.size == 0:
        listed = np.zeros((0, 4), np.int64)
    if len(spec.shape) != 3 or steps < 1:
        raise ir.NetworkError(f"events: input: found shape {spec.shape} and {steps} steps, expected (C, H, W), T >= 1")
    if listed.ndim != 2 or listed.shape[1] != 4 or listed.dtype.kind not in "iu":
        found = f"{listed.dtype} {listed.shape}"
        raise ir.NetworkError(f"events: found {found}, expected whole numbers (E, 4): t, x, y, channel")
    channels, height, width = spec.shape
    for column, (name, size) in enumerate((("t", steps), ("x", width), ("y", height), ("channel", channels))):
        values = listed[:, column]
        if values.size and (values.min() < 0 or values.max() >= size):
            raise ir.NetworkError(f"events: {name}: found {values.min()}..{values.max()}, expected 0..{size - 1}")
    if np.any(np.diff(listed[:, 0].astype(np.int64)) < 0):
        raise ir.NetworkError("events: t: found a step before the one in front of it, expected the order of time")
    dense = np.zeros((steps, 1, channels, height, width), np.int32)
    step, x, y, channel = listed.T
    np.add.at(dense, (step, 0, channel, y, x), 1)
    return np.minimum(dense, 1) if spec.bits == 1 else spec.check(dense)
