"""The compiled interpreter, from a cache on disk that belongs to exactly this source."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numba as nb

__all__ = ["advance_step", "cache_folder", "load_step", "pack_samples", "run_samples", "run_shared"]

log = logging.getLogger(__name__)

_compiling = Lock()


def cache_folder() -> Path:
    """Return the folder of compiled code, under `$XDG_CACHE_HOME` or `~/.cache`.

    Its name holds a digest of this package's sources: numba looks at the file of a function only, and would
    take compiled code for fresh whose callee in another file has changed.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256(nb.__version__.encode())
    for path in (*sorted(here.glob("*.py")), here.parent / "ir" / "limits.py"):
        digest.update(path.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return base / "lava_spquant" / f"engine-{digest.hexdigest()[:16]}"


def _usable(folder: Path) -> Path:
    """Return `folder` if it can be written to, else one that lasts as long as this program."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError:
        pass
    log.info("%s cannot be written to: compiled code is not kept", folder)
    temporary = Path(tempfile.mkdtemp(prefix="lava_spquant-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    """Let functions that are decorated inside keep their compiled code in `folder`."""
    before = nb.config.CACHE_DIR
    nb.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        nb.config.CACHE_DIR = before


with _cached_in(_usable(cache_folder())):
    from lava_spquant.engine import _input, _run, _shared, _step


def _readonly(value: Any) -> Any:
    """Return the type under which an input of any memory layout is compiled, once."""
    kind = nb.typeof(value)
    return nb.types.Array(kind.dtype, kind.ndim, "A", readonly=True)


def _call(compiled: Any, inputs: int, *args: Any) -> Any:
    """Call a function that is compiled, or loaded from the cache, once: for any memory layout of its first arrays."""
    with _compiling:
        if not compiled.signatures:
            compiled.compile((*map(_readonly, args[:inputs]), *map(nb.typeof, args[inputs:])))
            compiled.disable_compile()
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


run_samples: Callable[..., None] = partial(_call, _run.run_samples, 2)
run_shared: Callable[..., None] = partial(_call, _shared.run_shared, 2)
load_step: Callable[..., int] = partial(_call, _step.load_step, 1)
advance_step: Callable[..., None] = _step.advance_step
