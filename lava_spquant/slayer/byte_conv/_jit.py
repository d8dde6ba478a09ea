"""How the kernels are compiled: without Python's lock, without reference counts, and cached on disk.

The cache belongs to exactly these sources. Every function is put there by itself, whichever module is imported first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba as nb

from lava_spquant.jit import cache_folder, cached_in, usable

__all__ = ["FOLDER", "jit"]

HERE = Path(__file__).parent

FOLDER = cache_folder("byte-conv", (*HERE.glob("*.py"), HERE.parents[1] / "jit" / "llvm.py"))
"""Where compiled code is kept."""

_folder = usable(FOLDER)


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function that allocates nothing."""
    with cached_in(_folder):
        return nb.njit(cache=True, nogil=True, _nrt=False, error_model="numpy", forceinline=True)(function)
