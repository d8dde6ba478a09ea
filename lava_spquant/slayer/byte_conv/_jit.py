"""How the kernels are compiled: cached on disk, without Python's lock, without reference counts."""

from __future__ import annotations

import numba as nb

__all__ = ["jit"]

jit = nb.njit(cache=True, nogil=True, _nrt=False, error_model="numpy", forceinline=True)
"""Numba's decorator for functions that allocate nothing."""
