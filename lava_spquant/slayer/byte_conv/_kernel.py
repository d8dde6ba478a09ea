"""The weight gradient of a convolution from the events of its input, tile by tile.

A tile is a stretch of one image, or several whole small images: the gradients of a block of channels, with a border
of zeros, and per input channel the list of the events that meet them. It stays in the first-level cache while every
input channel walks over it.
"""

from __future__ import annotations

import numpy as np

from lava_spquant.slayer.byte_conv._jit import jit
from lava_spquant.slayer.byte_conv._lanes import LANES
from lava_spquant.slayer.byte_conv._memory import NONZERO, copy_lanes, first_bit, get, nonzero_bits, put
from lava_spquant.slayer.byte_conv._taps import sum_1, sum_3, sum_3x3, sum_5, sum_7

__all__ = ["accumulate"]


@jit
def _note(value, channel, place, places, values, counts):
    """Write an event down. A row of zeros needs no look: the place behind a list is written, and not kept."""
    k = get(counts, channel)
    put(places, k, place)
    put(values, k, np.float32(value))
    put(counts, channel, k + 1)


@jit
def _list_events(x, start, rows, width, channels, first_place, pitch, places, values, counts):
    """Append the events of `rows` image rows from x[start] to the lists of their channels."""
    whole = channels // NONZERO * NONZERO
    for y in range(rows):
        for column in range(width):
            at = start + (y * width + column) * channels
            place = np.int32(first_place + y * pitch + column * LANES)
            for c in range(0, whole, NONZERO):
                bits = nonzero_bits(x, at + c)
                while bits != np.uint64(0):
                    channel = c + first_bit(bits)
                    bits &= bits - np.uint64(1)
                    _note(get(x, at + channel), channel, place, places, values, counts)
            for channel in range(whole, channels):
                value = get(x, at + channel)
                if value != 0:
                    _note(value, channel, place, places, values, counts)


@jit
def _fill_tile(grad, start, size, block, top, rows, left, pitch, tile, to):
    """Copy `rows` rows of one block of channels into the tile, zeros where the image has ended."""
    height, width, channels = size
    first = block * LANES
    some = min(LANES, channels - first)
    for row in range(rows):
        y = top + row
        for column in range(pitch // LANES):
            x = left + column
            here = to + row * pitch + column * LANES
            if y < 0 or y >= height or x < 0 or x >= width:
                for k in range(LANES):
                    put(tile, here + k, np.float32(0))
                continue
            there = start + (y * width + x) * channels + first
            if some == LANES:
                copy_lanes(grad, there, tile, here)
            else:
                for k in range(LANES):
                    put(tile, here + k, get(grad, there + k) if k < some else np.float32(0))


@jit
def _sum_taps(kernel, tile, places, values, start, stop, pitch, total, to):
    """Add up every tap of one input channel and one block."""
    rows, columns = kernel
    if rows == 3 and columns == 3:
        sum_3x3(tile, places, values, start, stop, pitch, total, to)
        return
    for row in range(rows):
        line, here = tile[(rows - 1 - row) * pitch :], to + row * columns * LANES
        if columns == 1:
            sum_1(line, places, values, start, stop, pitch, total, here)
        elif columns == 3:
            sum_3(line, places, values, start, stop, pitch, total, here)
        elif columns == 5:
            sum_5(line, places, values, start, stop, pitch, total, here)
        else:
            sum_7(line, places, values, start, stop, pitch, total, here)


@jit
def _one_tile(x, grad, image, images, y, rows, shape, tile, places, values, counts, total):
    """Add what `rows` rows from y of some images give."""
    height, width, channels, kernel, padding, size = shape
    pitch = (width + kernel[1] - 1) * LANES
    lines = rows + kernel[0] - 1
    capacity = len(places) // channels
    for channel in range(channels):
        put(counts, channel, channel * capacity)
    for k in range(images):
        start = ((image + k) * height + y) * width * channels
        _list_events(x, start, rows, width, channels, k * lines * pitch, pitch, places, values, counts)
    top, left = y + padding[0] - kernel[0] + 1, padding[1] - kernel[1] + 1
    taps = kernel[0] * kernel[1] * LANES
    for block in range((size[2] + LANES - 1) // LANES):
        for k in range(images):
            start = (image + k) * size[0] * size[1] * size[2]
            _fill_tile(grad, start, size, block, top, lines, left, pitch, tile, k * lines * pitch)
        for channel in range(channels):
            begin, end = channel * capacity, get(counts, channel)
            _sum_taps(kernel, tile, places, values, begin, end, pitch, total, (block * channels + channel) * taps)


@jit
def accumulate(x, grad, first, last, images, rows, shape, tile, places, values, counts, total):
    """Add the weight gradient of images `first` to `last` to `total`.

    Parameters
    ----------
    x : uint8, (M * H * W * C,)
    grad : float32, (M * H_out * W_out * C_out,)
    images, rows : int
        In a tile; more than one image only where it has all rows.
    shape : tuple
        H, W, C, (kh, kw), padding, (H_out, W_out, C_out).
    tile : float32
        Room for images * (rows + kh - 1) * (W + kw - 1) * LANES values.
    places, values : int32 and float32
        Room for C lists of images * rows * W events and one more.
    counts : int64, (C,)
        Room for the ends of the lists.
    total : float32
        (blocks of channels, C, kh, kw, LANES), flat.
    """
    height = shape[0]
    for image in range(first, last, images):
        some = min(images, last - image)
        for y in range(0, height, rows):
            _one_tile(x, grad, image, some, y, min(rows, height - y), shape, tile, places, values, counts, total)
