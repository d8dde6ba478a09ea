"""Labelled recordings of an event camera as frames: one split, a data set, and what the frames are like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data
from lava_spquant.data.packing import FrameShape, check_frame_shape, packed_bytes, unpack_frames
from lava_spquant.data.split import Labels, check_labels, read_only

__all__ = ["EventData", "EventSplit", "FrameConfig", "Frames"]

Frames = NDArray[np.uint8]
"""Events per pixel and step, uint8, shape (N, T, C, H, W); channel 0 counts OFF events, channel 1 ON events."""

BITS_MAX = 8
STEPS_MAX = 1024
SIDE_MAX = 1024


@dataclass(frozen=True)
class FrameConfig:
    """How events become frames.

    Parameters
    ----------
    steps : int
        T, 1..1024: a recording is cut into so many parts.
    bits : int
        1..8. Events of a pixel and polarity in one step are counted and clipped at 2**bits-1: with one bit a frame
        holds spikes.
    size : int
        Height and width of the frames, up to 1024; 0 keeps those of the data set.

    Raises
    ------
    DataError
        If a field is out of range.
    """

    steps: int = 4
    bits: int = 1
    size: int = 0

    def __post_init__(self) -> None:
        limits = {"steps": (1, STEPS_MAX), "bits": (1, BITS_MAX), "size": (0, SIDE_MAX)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            good = isinstance(value, int) and low <= value <= high
            expect_data(good, "data", name, found=value, expected=f"{low}..{high}")


@dataclass(frozen=True, eq=False)
class EventSplit:
    """Recordings as frames, with their classes; read-only.

    Frames are kept as `pack_frames` returns them, one row of bytes per recording. Spikes take one bit each; as the
    rows may be mapped from a file, a data set may be larger than memory.

    Parameters
    ----------
    packed : numpy.ndarray, uint8, shape (N, bytes)
    labels : numpy.ndarray of int, shape (N,)
        Classes in 0..num_classes-1, kept as int64.
    num_classes : int
    frame_shape : (T, C, H, W)
    bits : int
        Width of a value, 1..8.
    source : str
        Where the recordings come from, for logs and reports.

    Raises
    ------
    DataError
        If a field has the wrong dtype, shape, length or range.

    Examples
    --------
    >>> from lava_spquant.data.packing import pack_frames
    >>> frames = np.zeros((3, 5, 2, 4, 4), np.uint8)
    >>> split = EventSplit(pack_frames(frames, bits=1), np.array([0, 1, 1]), 2, frames.shape[1:])
    >>> len(split), split.steps, split.shape, split.packed.shape
    (3, 5, (2, 4, 4), (3, 20))
    """

    packed: NDArray[np.uint8]
    labels: Labels
    num_classes: int
    frame_shape: FrameShape
    bits: int = 1
    source: str = "memory"

    def __post_init__(self) -> None:
        packed, where = np.asarray(self.packed), self.source
        expect_data(1 <= self.bits <= BITS_MAX, where, "bits", found=self.bits, expected=f"1..{BITS_MAX}")
        shape = check_frame_shape(self.frame_shape, where)
        expect_data(packed.dtype == np.uint8, where, "packed dtype", found=packed.dtype, expected="uint8")
        wanted = packed_bytes(shape, self.bits)
        good = packed.ndim == 2 and len(packed) > 0 and packed.shape[1] == wanted
        expect_data(good, where, "packed shape", found=packed.shape, expected=f"(N, {wanted}) for frames {shape}")
        if 1 < self.bits < BITS_MAX:
            top = 2**self.bits - 1
            expect_data(int(packed.max()) <= top, where, "largest value", found=packed.max(), expected=f"at most {top}")
        object.__setattr__(self, "frame_shape", shape)
        object.__setattr__(self, "packed", read_only(packed))
        object.__setattr__(
            self, "labels", check_labels(np.asarray(self.labels), len(packed), self.num_classes, self.source)
        )

    def __len__(self) -> int:
        return len(self.packed)

    @property
    def steps(self) -> int:
        """T, the steps of every recording."""
        return self.frame_shape[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one frame."""
        _, channels, height, width = self.frame_shape
        return channels, height, width

    def take(self, indices: NDArray[np.integer[Any]] | slice) -> EventSplit:
        """Return the split that holds the recordings at `indices`, in that order."""
        taken = self.packed[indices], self.labels[indices]
        return EventSplit(*taken, self.num_classes, self.frame_shape, self.bits, self.source)

    def frames(self) -> Frames:
        """Return all frames, uint8, shape (N, T, C, H, W)."""
        return unpack_frames(self.packed, self.frame_shape, self.bits)

    def inputs(self, steps: int) -> NDArray[np.uint8]:
        """Return what a network reads, uint8, shape (T, N, C, H, W).

        Raises
        ------
        DataError
            If `steps` is not T: recordings, unlike images, have steps of their own.
        """
        expect_data(steps == self.steps, self.source, "time steps", found=steps, expected=f"its own, {self.steps}")
        return self.frames().swapaxes(0, 1)


@dataclass(frozen=True, eq=False)
class EventData:
    """A data set of recordings: what to train on, and what to test on.

    Parameters
    ----------
    name : str
        Its name in the registry; one that begins with "emulated-" was computed from images.
    train, test : EventSplit

    Raises
    ------
    DataError
        If the splits differ in frame shape, classes or width.
    """

    name: str
    train: EventSplit
    test: EventSplit

    def __post_init__(self) -> None:
        kinds = [(s.frame_shape, s.num_classes, s.bits) for s in (self.train, self.test)]
        what = "test (frame_shape, num_classes, bits)"
        expect_data(kinds[0] == kinds[1], self.name, what, found=kinds[1], expected=f"those of train, {kinds[0]}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one frame."""
        return self.train.shape

    @property
    def steps(self) -> int:
        """T."""
        return self.train.steps

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return self.train.num_classes

    @property
    def bits(self) -> int:
        """Width of a value."""
        return self.train.bits
