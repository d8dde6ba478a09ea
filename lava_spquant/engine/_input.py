"""What arrives from outside, as the streams that blocks read: spikes as bits first, graded values as they are."""

from __future__ import annotations

import numpy as np

from lava_spquant.engine import _bits, _neurons, _portable
from lava_spquant.engine._jit import jit
from lava_spquant.engine._rows import pixel_pointers
from lava_spquant.engine._tables import (
    S_CHANNELS,
    S_DENSE,
    S_EVENTS,
    S_GRADED,
    S_HEIGHT,
    S_LISTED,
    S_ONES,
    S_PIXELS,
    S_RING,
    S_ROW,
    S_WANT_DENSE,
    S_WIDTH,
    S_ZERO,
    SLACK,
)
from lava_spquant.engine._unlisted import graded_dense_row
from lava_spquant.ir.limits import PRODUCT_MAX

__all__ = ["load_input", "pack_samples", "pack_step"]


ANYTHING = np.array([-PRODUCT_MAX, PRODUCT_MAX])
"""The range of an input's values, which are in it."""


@jit
def _pack_row(x, y, words, vector):
    """Set the bits of one image row of `x` (C, H, W) in the order of places; return all its values or-ed."""
    channels, _, width = x.shape
    item = x.itemsize
    side_by_side = (channels == 1 or x.strides[0] == item) and (width == 1 or x.strides[2] == channels * item)
    if vector and side_by_side:
        return _bits.pack_run(x[:, y], width * channels, words, 0)
    seen = word = place = 0
    for k in range(width):
        for c in range(channels):
            value = x[c, y, k]
            seen |= value
            word |= (value != 0) << (place & 15)
            if place & 15 == 15:
                words[place >> 4] = word
                word = 0
            place += 1
    if place & 15:
        words[place >> 4] = word
    return seen


@jit
def pack_step(x, words, vector):
    """Write one step of one sample, (C, H, W), as bits (H, places / 16); return all values or-ed."""
    seen = 0
    for y in range(x.shape[1]):
        seen |= _pack_row(x, y, words[y], vector)
    return seen


@jit
def pack_samples(x, words, vector, worker, workers):
    """Pack every `workers`-th sample x[:, n] (T, N, C, H, W), beginning with n = `worker`; return all values or-ed."""
    seen = 0
    for t in range(x.shape[0]):
        for n in range(worker, x.shape[1], workers):
            seen |= pack_step(x[t, n], words[t, n], vector)
    return seen


@jit
def _list_bits(words, events, at, masks, counts, flags, flags_at, write_flags, count):
    """Do as `_bits.list_bits` in a plain loop."""
    found = 0
    for i in range(count):
        spiking = (words[i >> 4] >> (i & 15)) & 1 != 0
        if write_flags:
            flags[flags_at + i] = spiking
        found = _portable.note_spikes(i, spiking, found, events, at, masks, counts)
    return found


@jit
def _load_spikes(words, stream, dense_at, events_at, pixels_at, dense, events, pixels, masks, counts, vector):
    width, channels, row = stream[S_WIDTH], stream[S_CHANNELS], stream[S_ROW]
    wanted = stream[S_WANT_DENSE] != 0
    for y in range(stream[S_HEIGHT]):
        at, flags_at = events_at + y * (row + 16), dense_at + y * row
        if vector:
            found = _bits.list_bits(words[y], 0, events, at, masks, counts, dense, flags_at, wanted, row)
        else:
            found = _list_bits(words[y], events, at, masks, counts, dense, flags_at, wanted, row)
        pixel_pointers(masks, counts, found, channels, width, pixels, pixels_at + y * (width + 16), vector)


@jit
def _load_graded(
    x, stream, dense_at, events_at, pixels_at, gain, bias, dense, events, values, pixels, masks, counts, scratch, vector
):
    width, channels, row = stream[S_WIDTH], stream[S_CHANNELS], stream[S_ROW]
    scratch[width * channels : row] = 0
    for y in range(stream[S_HEIGHT]):
        for c in range(channels):
            for k in range(width):
                scratch[k * channels + c] = x[c, y, k]
        place, at = dense_at + y * row, events_at + y * (row + 16)
        drive = scratch, gain, stream[S_ONES], 0, 0, bias, stream[S_ZERO]
        if vector and stream[S_LISTED] == 0:
            graded_dense_row(*drive, scratch, 0, False, ANYTHING, 0, dense, place, row)
            continue
        # A relay keeps nothing, and its row intrinsic loads all the same: from memory that is there.
        target = scratch, 0, False, ANYTHING, 0, events, at, values, at, masks, counts, dense, place, row
        found = _neurons.graded_row(*drive, *target) if vector else _portable.graded_row(*drive, *target)
        pixel_pointers(masks, counts, found, channels, width, pixels, pixels_at + y * (width + 16), vector)


@jit
def load_input(x, words, stream, t, gain, bias, work, vector):
    """Write step `t` (from 0) of one sample as rows of values, events and pixel pointers.

    Graded values are read from `x` (C, H, W), spikes from `words` (H, places / 16).
    """
    dense, events, values, pixels, masks, counts, _, _, _, scratch, _, _, _, _, _ = work
    height, row, slot = stream[S_HEIGHT], stream[S_ROW], t & (stream[S_RING] - 1)
    dense_at = stream[S_DENSE] + slot * height * row
    events_at = stream[S_EVENTS] + slot * height * (row + 16)
    pixels_at = stream[S_PIXELS] + slot * (height * (stream[S_WIDTH] + 16) + SLACK)
    places = stream, dense_at, events_at, pixels_at
    if stream[S_GRADED] != 0:
        _load_graded(x, *places, gain, bias, dense, events, values, pixels, masks, counts, scratch, vector)
    else:
        _load_spikes(words, *places, dense, events, pixels, masks, counts, vector)
