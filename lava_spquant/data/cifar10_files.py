"""The batches of CIFAR-10's original distributions, binary and Python; files are untrusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data
from lava_spquant.data.plain_pickle import NotPlainError, read_array, read_plain

__all__ = ["PIXELS", "SHAPE", "read_binary", "read_python"]

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
"""Values of an image: 1,024 red, then green, then blue, row by row."""

MAX_BYTES = 2**26
"""A batch takes 30 MB; a file that is much larger is something else."""


def read_binary(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a batch of the binary distribution: records of a label and the pixels, one byte each.

    Returns
    -------
    pixels : numpy.ndarray, uint8, shape (N, 3072)
    labels : numpy.ndarray, uint8, shape (N,)

    Raises
    ------
    DataError
        If the file cannot be read, or is not a whole number of records.
    """
    data, record = _read(path), 1 + PIXELS
    good = len(data) > 0 and len(data) % record == 0
    expect_data(good, path, "size", found=f"{len(data)} bytes", expected=f"a multiple of {record}")
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    return records[:, 1:], records[:, 0]


def read_python(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a batch of the Python distribution without running what a pickle may contain; see `read_binary`."""
    try:
        batch = read_plain(_read(path))
        fields = _by_name(batch)
        pixels, labels = read_array(fields["data"]), np.array(fields["labels"])
    except (NotPlainError, KeyError) as error:
        raise DataError(f"{path}: batch: found {error}, expected a dictionary with 'data' and 'labels'") from error
    good = pixels.ndim == 2 and pixels.shape[1] == PIXELS and len(pixels) > 0
    expect_data(good, f"{path}: data", "shape", found=pixels.shape, expected=f"(N, {PIXELS})")
    good = labels.dtype.kind == "i" and labels.shape == pixels.shape[:1]
    expected = f"{len(pixels)} whole numbers"
    expect_data(good, f"{path}: labels", "list", found=f"{labels.dtype} {labels.shape}", expected=expected)
    good = int(labels.min()) >= 0 and int(labels.max()) <= np.iinfo(np.uint8).max
    expect_data(good, f"{path}: labels", "range", found=f"{labels.min()}..{labels.max()}", expected="0..9")
    return pixels, labels.astype(np.uint8)


def _by_name(batch: Any) -> dict[str, Any]:
    if not isinstance(batch, dict):
        raise NotPlainError(f"a {type(batch).__name__}")
    return {key.decode("latin-1") if isinstance(key, bytes) else str(key): value for key, value in batch.items()}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    expect_data(len(data) <= MAX_BYTES, path, "size", found=f"more than {MAX_BYTES} bytes", expected="about 30 MB")
    return data
