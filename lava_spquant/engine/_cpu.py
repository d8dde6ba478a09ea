"""What the processor can do that code is compiled for."""

from __future__ import annotations

import ctypes
import functools
import os
import platform

from lava_spquant.jit import target_features

__all__ = ["has_dots", "has_tiles", "has_wide_vectors", "knows_tiles"]

_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18
"""Linux on x86-64: the system call, its operation, and the state that is asked for."""


@functools.cache
def has_wide_vectors() -> bool:
    """Tell whether the processor has AVX-512 with 8- and 16-bit lanes."""
    return _has("avx512f", "avx512bw")


@functools.cache
def has_dots() -> bool:
    """Tell whether the processor sums products of four bytes in one instruction (AVX-512 VNNI)."""
    return has_wide_vectors() and _has("avx512vnni")


@functools.cache
def knows_tiles() -> bool:
    """Tell whether the processor multiplies tiles of bytes (AMX), and code for it can be compiled."""
    return has_wide_vectors() and _has("amx-tile", "amx-int8")


@functools.cache
def has_tiles() -> bool:
    """Tell whether this process may use tiles: their registers are large, and Linux wants to be asked.

    The environment variable LAVA_SPQUANT_TILES=0 says that it shall not.
    """
    if not knows_tiles() or platform.system() != "Linux" or os.environ.get("LAVA_SPQUANT_TILES") == "0":
        return False
    return ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA) == 0


def _has(*names: str) -> bool:
    return target_features().issuperset(names)
