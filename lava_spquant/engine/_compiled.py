"""The compiled interpreter, from a cache on disk that belongs to exactly this source."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numba as nb

from lava_spquant.jit import cache_folder, cached_in, usable

__all__ = [
    "FOLDER",
    "advance_step",
    "load_step",
    "pack_samples",
    "prepare_samples",
    "prepare_shared",
    "run_samples",
    "run_shared",
]

_compiling = Lock()


HERE = Path(__file__).parent

ELSEWHERE = (HERE.parent / "ir" / "limits.py", HERE.parent / "jit" / "llvm.py")

FOLDER = cache_folder("engine", (*HERE.glob("*.py"), *ELSEWHERE))
"""Where compiled code is kept."""

with cached_in(usable(FOLDER)):
    from lava_spquant.engine import _input, _run, _shared, _step


def _readonly(value: Any) -> Any:
    """Return the type under which an input of any memory layout is compiled, once."""
    kind = nb.typeof(value)
    return nb.types.Array(kind.dtype, kind.ndim, "A", readonly=True)


def _prepare(compiled: Any, inputs: int, *args: Any) -> None:
    """Compile a function, or load it from the cache, once: for any memory layout of its first arrays."""
    with _compiling:
        if not compiled.signatures:
            compiled.compile((*map(_readonly, args[:inputs]), *map(nb.typeof, args[inputs:])))
            compiled.disable_compile()


def _call(compiled: Any, inputs: int, *args: Any) -> Any:
    _prepare(compiled, inputs, *args)
    return compiled(*args)


def pack_samples(x: Any, *rest: Any) -> int:
    """Call `_input.pack_samples`, which is compiled for int32 and for uint8."""
    compiled = _input.pack_samples
    with _compiling:
        if not compiled.signatures:
            for element in (nb.int32, nb.uint8):
                array = nb.types.Array(element, x.ndim, "A", readonly=True)
                compiled.compile((array, *map(nb.typeof, rest)))
            compiled.disable_compile()
    return int(compiled(x, *rest))


prepare_samples: Callable[..., None] = partial(_prepare, _run.run_samples, 2)
prepare_shared: Callable[..., None] = partial(_prepare, _shared.run_shared, 2)
run_samples: Callable[..., None] = partial(_call, _run.run_samples, 2)
run_shared: Callable[..., None] = partial(_call, _shared.run_shared, 2)
load_step: Callable[..., int] = partial(_call, _step.load_step, 1)
advance_step: Callable[..., None] = _step.advance_step
