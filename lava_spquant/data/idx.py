"""Reading idx files, the format of the original MNIST distribution, plain or gzip; files are untrusted."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data

__all__ = ["read_idx"]

UINT8_CODE = 0x08
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, ndim: int, max_items: int, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes.

    The header is judged before anything is allocated for it, and never more than one byte beyond
    what it announces is read, so a gzip bomb costs nothing.

    Parameters
    ----------
    path : Path
        Plain or gzip; the content decides, not the name.
    ndim : int
        Number of dimensions that the magic number must announce.
    max_items : int
        Largest first dimension accepted.
    item_shape : tuple of int
        The other dimensions.

    Returns
    -------
    numpy.ndarray, uint8, shape (items, *item_shape)

    Raises
    ------
    DataError
        If the file is missing, damaged, truncated, too long or not what was expected.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            # GzipFile reads like any binary file; typeshed does not say so.
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
            return _read(stream, path, ndim, max_items, item_shape)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: gzip data: found damaged ({error}), expected a whole gzip file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read(stream: BinaryIO, path: Path, ndim: int, max_items: int, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    head = stream.read(4 + 4 * ndim)
    expect_data(len(head) == 4 + 4 * ndim, path, "header", found=f"{len(head)} bytes", expected=4 + 4 * ndim)
    magic, *shape = struct.unpack(f">{1 + ndim}I", head)
    expected = UINT8_CODE << 8 | ndim
    expect_data(magic == expected, path, "magic", found=f"{magic:#010x}", expected=f"{expected:#010x}")
    good = 1 <= shape[0] <= max_items and tuple(shape[1:]) == item_shape
    wanted = f"(1..{max_items}{''.join(f', {n}' for n in item_shape)})"
    expect_data(good, path, "shape", found=tuple(shape), expected=wanted)
    size = math.prod(shape)
    # One byte more than announced also makes gzip reach the end and check its checksum.
    body = stream.read(size + 1)
    found = f"{len(body)} bytes" if len(body) <= size else f"more than {size} bytes"
    expect_data(len(body) == size, path, "data", found=found, expected=f"{size} bytes")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)
