"""The processor that code is compiled for: this one, unless NUMBA_CPU_NAME or NUMBA_CPU_FEATURES name another."""

from __future__ import annotations

import llvmlite.binding as llvm
import numba as nb
from numba.core import codegen

__all__ = ["target", "target_features"]


def target() -> str:
    """Return the processor's name and features, as LLVM has them."""
    return f"{nb.config.CPU_NAME or llvm.get_host_cpu_name()} {_features()}"


def target_features() -> frozenset[str]:
    """Return the names of the features that compiled code may use, such as "avx512f"."""
    return frozenset(part[1:] for part in _features().split(",") if part.startswith("+"))


def _features() -> str:
    given = nb.config.CPU_FEATURES
    return str(codegen.get_host_cpu_features() if given is None else given)
