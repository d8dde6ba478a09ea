"""How many channels are summed side by side: as many as leave the sums of a 3x3 kernel in registers."""

from __future__ import annotations

import llvmlite.binding as llvm

__all__ = ["LANES", "VECTORS", "WIDTH"]

WIDTH, VECTORS = (16, 2) if llvm.get_host_cpu_features().get("avx512f") else (8, 1)
"""float32 values in a vector, and vectors per tap: 18 of 32 registers with AVX-512, 9 of 16 or more elsewhere."""

LANES = WIDTH * VECTORS
"""Channels of one block."""
