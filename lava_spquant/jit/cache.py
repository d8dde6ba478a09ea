"""Compiled code on disk, in a folder that belongs to exactly the sources that it was compiled from."""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numba as nb

from lava_spquant.jit.target import target

__all__ = ["cache_folder", "cached_in", "usable"]

log = logging.getLogger(__name__)

ROOM = 16 << 20
"""Bytes that have to fit; compiled code takes about half of them."""


def cache_folder(name: str, sources: Iterable[Path]) -> Path:
    """Return the folder of compiled code, under `$XDG_CACHE_HOME` or `~/.cache`.

    Its name holds a digest of the sources: numba looks at the file of a function only, and would take compiled code
    for fresh whose callee in another file has changed. It holds the processor too: machines that share a home would
    share numba's index of what is there, and two that compile at once could find each other's code in it.

    Parameters
    ----------
    name : str
        Begins the folder's name.
    sources : iterable of Path
        Every file that compiled code comes from.
    """
    digest = hashlib.sha256(f"{nb.__version__} {target()}".encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return base / "lava_spquant" / f"{name}-{digest.hexdigest()[:16]}"


def usable(folder: Path) -> Path:
    """Return `folder` if compiled code can be kept there, else one that lasts as long as this program.

    Numba lets the error of a full disk end the run whose code it cannot write, so that is tried here before.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _try_writing(folder, 1 if any(folder.rglob("*.nbc")) else ROOM)
        return folder
    except OSError:
        pass
    log.info("%s cannot be written to: compiled code is not kept", folder)
    temporary = Path(tempfile.mkdtemp(prefix="lava_spquant-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _try_writing(folder: Path, count: int) -> None:
    """Write `count` bytes, which a full disk or a used-up quota refuses with an OSError, and remove them."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(count))
        probe.flush()


@contextmanager
def cached_in(folder: Path) -> Iterator[None]:
    """Let functions that are decorated inside keep their compiled code in `folder`."""
    before = nb.config.CACHE_DIR
    nb.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        nb.config.CACHE_DIR = before
