"""What a file's root says about it: format, version, writer and profile."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import h5py
import numpy as np

from lava_spquant import ir

__all__ = ["FORMAT", "FORMAT_VERSION", "GATES_VERSION", "Profile", "format_version", "write_header", "write_texts"]

Profile = Literal["spquant", "stock"]
"""What runs a file: our Processes and engine, or also lava-dl's own NetX.

lava-dl needs `input_message_bits=<bits>` as an argument of its `hdf5.Network` to read a graded input of a stock file.
"""

FORMAT = "lava_spquant.netx"

GATES_VERSION = 2
"""The first version with gates: a release that does not know them must not run the network without."""

FORMAT_VERSION = GATES_VERSION
"""The newest version that is read."""


def format_version(network: ir.Network) -> int:
    """Return the oldest version that holds `network`, so that older releases read what they can run."""
    return GATES_VERSION if any(block.gates for block in network.blocks) else 1


def write_header(file: h5py.File, number: int, profile: Profile) -> None:
    """Write the root attributes that every release looks at first.

    Parameters
    ----------
    file : h5py.File
    number : int
        Version of the format.
    profile : {"spquant", "stock"}
    """
    try:
        writer = f"lava_spquant {version('lava_spquant')}"
    except PackageNotFoundError:
        writer = "lava_spquant"
    file.attrs.create("format_version", np.int64(number))
    write_texts(file, {"format": FORMAT, "writer": writer, "profile": profile})


def write_texts(file: h5py.File, texts: dict[str, str]) -> None:
    """Write root attributes of UTF-8 text."""
    for name, text in texts.items():
        raw = text.encode()
        file.attrs.create(name, np.bytes_(raw), dtype=h5py.string_dtype("utf-8", len(raw)))
