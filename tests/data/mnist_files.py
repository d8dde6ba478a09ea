"""A tiny data set in MNIST's formats, written by the tests."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIZES = {"train": 12, "test": 10}
PREFIX = {"train": "train", "test": "t10k"}


def tiny() -> dict[str, NDArray[np.uint8]]:
    """Return random images and labels under the names that an archive uses."""
    rng = np.random.default_rng(3)
    arrays = {f"{s}_images": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for s, n in SIZES.items()}
    return arrays | {f"{s}_labels": (np.arange(n) % 10).astype(np.uint8) for s, n in SIZES.items()}


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return `array` in idx format."""
    return struct.pack(f">{1 + array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


def write_idx(folder: Path, separator: str = "-", packed: bool = False) -> None:
    """Write the four files of the original distribution."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in tiny().items():
        split, what = name.split("_")
        path = folder / f"{PREFIX[split]}-{what}{separator}idx{array.ndim}-ubyte{'.gz' if packed else ''}"
        data = idx_bytes(array)
        path.write_bytes(gzip.compress(data) if packed else data)
