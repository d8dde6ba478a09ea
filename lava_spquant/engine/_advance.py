"""One row of neurons of a block, and what it sends in the forms that its readers want."""

from __future__ import annotations

from lava_spquant.engine import _neurons, _portable
from lava_spquant.engine._binary import WORD, pack_bytes, pack_row
from lava_spquant.engine._jit import jit
from lava_spquant.engine._rows import pixel_pointers
from lava_spquant.engine._tables import (
    B_KEEP_U,
    B_KIND,
    B_PARAMS,
    B_U,
    B_V,
    CUBA,
    QLIF,
    READOUT,
    S_CHANNELS,
    S_DENSE,
    S_EVENTS,
    S_GRADED,
    S_HEIGHT,
    S_LISTED,
    S_PACKED,
    S_PIXELS,
    S_ROW,
    S_WANT_DENSE,
    S_WIDTH,
    SLACK,
    THRESHOLD,
)
from lava_spquant.engine._unlisted import graded_dense_row, threshold_bits_row

__all__ = ["neuron_row", "words_in"]


@jit
def words_in(stream):
    """Return the int64 words of all pixels of a packed stream."""
    return stream[S_HEIGHT] * stream[S_WIDTH] * ((stream[S_CHANNELS] + WORD - 1) // WORD)


@jit
def _packed_at(stream, slot, y):
    """Return where the words of a row lie."""
    return (stream[S_PACKED] >> 1) + slot * words_in(stream) + y * (words_in(stream) // stream[S_HEIGHT])


@jit
def _unlisted_row(block, stream, slot, y, drive, shifts, par, state, dense, masks):
    """Advance a row of graded neurons, or of thresholds, whose events nobody wants listed."""
    width, channels, row, p, kind = stream[S_WIDTH], stream[S_CHANNELS], stream[S_ROW], block[B_PARAMS], block[B_KIND]
    flags_at = stream[S_DENSE] + (slot * stream[S_HEIGHT] + y) * row
    if kind != THRESHOLD:
        keeps = kind == READOUT
        state_row = (state[block[B_V] :] if keeps else drive[0]), (y * row if keeps else 0), keeps
        graded_dense_row(*drive, *shifts, *state_row, par, p, dense, flags_at, row)
        return
    packed, packed_at = stream[S_PACKED] >= 0, _packed_at(stream, slot, y)
    # Where channels fill whole words, a row of neurons is its words end to end: four int16 to each.
    whole = packed and channels % WORD == 0
    bits = (dense, 4 * packed_at) if whole else (masks, 0)
    threshold_bits_row(*drive, *shifts, par, p, *bits, dense, flags_at, stream[S_WANT_DENSE] != 0, row)
    if packed and not whole:
        pack_bytes(masks, width, channels, dense, packed_at)


@jit
def _needs_no_list(block, stream, vector):
    packs = stream[S_PACKED] < 0 or stream[S_CHANNELS] % 8 == 0
    simple = stream[S_GRADED] != 0 or (block[B_KIND] == THRESHOLD and packs)
    return vector and stream[S_LISTED] == 0 and simple


@jit
def neuron_row(block, stream, slot, y, drive, shifts, par, state, dense, events, values, pixels, masks, counts, vector):
    """Advance one row of neurons and list what it sends.

    `drive` is (sums, gains, offset, half, shift), `shifts` (biases, offset).
    """
    if _needs_no_list(block, stream, vector):
        _unlisted_row(block, stream, slot, y, drive, shifts, par, state, dense, masks)
        return
    height, width, row = stream[S_HEIGHT], stream[S_WIDTH], stream[S_ROW]
    flags_at = stream[S_DENSE] + (slot * height + y) * row
    at = stream[S_EVENTS] + (slot * height + y) * (row + 16)
    pixels_at = stream[S_PIXELS] + slot * (height * (width + 16) + SLACK) + y * (width + 16)
    u, v, p = state[block[B_U] :], state[block[B_V] :], block[B_PARAMS]
    kind, s = block[B_KIND], y * row
    spiking = u, v, s, par, p, events, at, masks, counts, dense, flags_at, stream[S_WANT_DENSE] != 0, row
    # A relay keeps nothing, and its row intrinsic loads all the same: from memory that is there.
    keeps = kind == READOUT
    state_row = (v if keeps else drive[0]), (s if keeps else 0), keeps
    graded = *state_row, par, p, events, at, values, at, masks, counts, dense, flags_at, row
    if kind == QLIF:
        found = (
            _neurons.qlif_row(*drive, *shifts, *spiking) if vector else _portable.qlif_row(*drive, *shifts, *spiking)
        )
    elif kind == CUBA:
        if not vector:
            found = _portable.cuba_row(*drive, *shifts, *spiking)
        elif par[p] == 0 and block[B_KEEP_U] == 0:
            found = _neurons.cuba_memoryless_row(*drive, *shifts, *spiking)
        else:
            found = _neurons.cuba_row(*drive, *shifts, *spiking)
    elif kind == THRESHOLD:
        found = (
            _neurons.threshold_row(*drive, *shifts, *spiking)
            if vector
            else _portable.threshold_row(*drive, *shifts, *spiking)
        )
    elif vector:
        found = _neurons.graded_row(*drive, *shifts, *graded)
    else:
        found = _portable.graded_row(*drive, *shifts, *graded)
    pixel_pointers(masks, counts, found, stream[S_CHANNELS], width, pixels, pixels_at, vector)
    if stream[S_PACKED] >= 0:
        pack_row(masks, width, stream[S_CHANNELS], dense, _packed_at(stream, slot, y))
