"""Reading arrays from an untrusted `.npz` file: every header is judged before memory is taken for it."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data

__all__ = ["read_npz"]


def read_npz(path: Path, names: dict[str, tuple[int, ...]], max_items: int) -> dict[str, NDArray[np.integer[Any]]]:
    """Read integer arrays from an archive written by `numpy.savez` or `numpy.savez_compressed`.

    `numpy.load` allocates what a member's header claims before it reads; this looks first.

    Parameters
    ----------
    path : Path
    names : dict of str to tuple of int
        The arrays wanted, each with its shape after the first dimension.
    max_items : int
        Largest first dimension accepted.

    Returns
    -------
    dict of numpy.ndarray

    Raises
    ------
    DataError
        If the file or an array is missing, damaged, too long, or not what was expected.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_member(archive, path, name, shape, max_items) for name, shape in names.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: archive: found damaged ({error}), expected an .npz file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read_member(
    archive: zipfile.ZipFile, path: Path, name: str, item_shape: tuple[int, ...], max_items: int
) -> NDArray[np.integer[Any]]:
    where, member = f"{path}: {name}", f"{name}.npy"
    if member not in archive.namelist():
        expect_data(False, path, "arrays", found=sorted(archive.namelist()), expected=f"one named {member}")
    with archive.open(member) as stream:
        shape, fortran, dtype = _read_header(stream, where)
        expect_data(dtype.kind in "iu", where, "dtype", found=dtype, expected="integers")
        good = len(shape) == 1 + len(item_shape) and shape[1:] == item_shape and 1 <= shape[0] <= max_items
        wanted = f"(1..{max_items}{''.join(f', {n}' for n in item_shape)})"
        expect_data(good, where, "shape", found=shape, expected=wanted)
        size = math.prod(shape) * dtype.itemsize
        body = stream.read(size + 1)
    found = f"{len(body)} bytes" if len(body) <= size else f"more than {size} bytes"
    expect_data(len(body) == size, where, "data", found=found, expected=f"{size} bytes")
    return np.frombuffer(body, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        version = npy.read_magic(stream)
        if version in readers:
            shape, fortran, dtype = readers[version](stream)
            return shape, fortran, dtype
    except ValueError as error:
        raise DataError(f"{where}: header: found damaged ({error}), expected that of a .npy file") from error
    raise DataError(f"{where}: header version: found {version}, expected one of {sorted(readers)}")
