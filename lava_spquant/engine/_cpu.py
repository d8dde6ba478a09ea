"""What the processor can do."""

from __future__ import annotations

import functools

import llvmlite.binding as llvm

__all__ = ["has_wide_vectors"]


@functools.cache
def has_wide_vectors() -> bool:
    """Tell whether the processor has AVX-512 with 8- and 16-bit lanes."""
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:
        return False
    return bool(features.get("avx512f") and features.get("avx512bw"))
