"""Frames as rows of bytes: eight spikes to a byte, wider values one byte each."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data

__all__ = ["BIT_ORDER", "FrameShape", "check_frame_shape", "pack_frames", "packed_bytes", "unpack_frames"]

FrameShape = tuple[int, int, int, int]
"""(T, C, H, W) of one recording."""

BIT_ORDER: Literal["little"] = "little"
"""The first value is a byte's lowest bit."""


def check_frame_shape(shape: tuple[int, ...], where: str) -> FrameShape:
    """Return `shape` as four ints, or raise `DataError`."""
    good = len(shape) == 4 and all(isinstance(n, (int, np.integer)) and n >= 1 for n in shape)
    expect_data(good, where, "frame shape", found=shape, expected="(T, C, H, W), each at least 1")
    steps, channels, height, width = (int(n) for n in shape)
    return steps, channels, height, width


def packed_bytes(shape: FrameShape, bits: int) -> int:
    """Return how many bytes one recording takes.

    Examples
    --------
    >>> packed_bytes((8, 2, 34, 34), bits=1), packed_bytes((8, 2, 34, 34), bits=2)
    (2312, 18496)
    """
    values = math.prod(shape)
    return -(-values // 8) if bits == 1 else values


def pack_frames(frames: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Pack frames of shape (N, T, C, H, W) into (N, bytes); values must be below 2**bits.

    Raises
    ------
    DataError
        If they are not uint8 of that shape.
    """
    good = frames.dtype == np.uint8 and frames.ndim == 5
    expect_data(good, "pack_frames", "frames", found=f"{frames.dtype} {frames.shape}", expected="uint8 (N, T, C, H, W)")
    flat = frames.reshape(len(frames), math.prod(frames.shape[1:]))
    return np.packbits(flat, axis=1, bitorder=BIT_ORDER) if bits == 1 else flat


def unpack_frames(packed: NDArray[np.uint8], shape: FrameShape, bits: int) -> NDArray[np.uint8]:
    """Return what `pack_frames` packed, uint8 (N, T, C, H, W)."""
    count = math.prod(shape)
    flat = np.unpackbits(packed, axis=1, count=count, bitorder=BIT_ORDER) if bits == 1 else packed
    return flat.reshape(len(packed), *shape)
