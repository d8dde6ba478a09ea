"""How everything here is compiled: cached on disk, without Python's lock, without reference counts."""

from __future__ import annotations

import numba as nb

__all__ = ["jit"]

jit = nb.njit(cache=True, nogil=True, _nrt=False, forceinline=True)
"""Numba's decorator for functions that allocate nothing and return no array.

Without `_nrt=False` every array that is handed on costs two atomic operations, which for short rows take longer
than the work, and which threads contend for. Arrays stay alive through their owner, the caller in Python.
Everything is inlined: an array is seven arguments, and the ten arrays of a call take as long as forty neurons.
"""
