"""Launching a kernel: by Triton the first time, then what it compiled, for a fraction of the time on the CPU.

On every launch Triton works out anew what to compile a kernel for, argument by argument, which takes longer than a
small layer takes on the GPU. Here one key stands for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lava_spquant.slayer.neuron.op.cuda.constants import Constant
from lava_spquant.slayer.neuron.op.cuda.tiling import Tiling

__all__ = ["launch"]

OPTIONS = {"num_warps": 8, "enable_fp_fusion": False}
"""Fused multiply-adds round once where `Drive` says twice, and would tip spikes at the threshold."""

_ALIGNED = 16
"""Triton compiles for pointers and numbers that this divides, and for ones."""

_compiled: dict[tuple[Any, ...], Any] = {}


def launch(
    kernel: Any, tiling: Tiling, arguments: tuple[Tensor | int | None, ...], constants: Mapping[str, Constant]
) -> None:
    """Run `kernel` on every tile, on the device of its first argument.

    Parameters
    ----------
    kernel : triton.runtime.JITFunction
    tiling : Tiling
        Its rows, channels and constants come behind the arguments and constants.
    arguments : tuple of Tensor, int or None
        In the kernel's order.
    constants : mapping
        Compile-time arguments by name.
    """
    first = arguments[0]
    assert isinstance(first, Tensor)
    if tiling.rows == 0:
        return  # an empty batch; CUDA knows no empty grid
    values = (*arguments, tiling.rows, tiling.channels)
    constants = {**constants, **tiling.constants}
    key = (kernel, first.device, *constants.values(), *map(_kind, values))
    with torch.cuda.device_of(first):
        compiled = _compiled.get(key)
        if compiled is not None:
            grid = (*tiling.grid, 1)
            compiled[grid](*values)
            return
        compiled = kernel[tiling.grid](*values, **constants, **OPTIONS)
    if compiled is not None:  # the interpreter compiles nothing
        _compiled[key] = compiled


def _kind(value: Tensor | int | None) -> tuple[Any, ...] | None:
    """Return all that code may depend on: two values of one kind run the same code."""
    if isinstance(value, Tensor):
        return value.dtype, value.data_ptr() % _ALIGNED == 0
    return None if value is None else (value == 1, value % _ALIGNED == 0, value % (_ALIGNED // 2) == 0, value < 2**31)
