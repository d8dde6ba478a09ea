"""Inputs from a file: what somebody wants a network to run, in place of a data set."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lava_spquant import ir

__all__ = ["read_input"]


def read_input(path: str | os.PathLike[str], network: ir.Network) -> ir.IntArray:
    """Read an input (T, N, *input shape) from a NumPy file, and check it before it is copied.

    Parameters
    ----------
    path : path-like
        An `.npy` file of whole numbers.
    network : Network
        What is to read it.

    Returns
    -------
    numpy.ndarray, int32

    Raises
    ------
    ValueError
        If it is no such file, or shape or values do not fit the network's input.
    """
    name = Path(path).name
    if not Path(path).is_file():
        raise ValueError(f"{name}: found no file at {path}, expected a .npy file")
    try:
        # Mapped, not read: a header that claims more than the file holds fails before memory is taken.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{name}: found {error}, expected a .npy file of whole numbers") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name}: found an archive of arrays, expected a .npy file that holds one")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name}: values: found NaN, expected whole numbers")
    try:
        return network.input.check(array)
    except ir.NetworkError as error:
        raise ValueError(f"{name}: {error}") from error
