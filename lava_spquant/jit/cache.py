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

__all__ = ["cache_folder", "cached_in", "usable"]

log = logging.getLogger(__name__)


def cache_folder(name: str, sources: Iterable[Path]) -> Path:
    """Return the folder of compiled code, under `$XDG_CACHE_HOME` or `~/.cache`.

    Its name holds a digest of the sources: numba looks at the file of a function only, and would take compiled code
    for fresh whose callee in another file has changed.

    Parameters
    ----------
    name : str
        Begins the folder's name.
    sources : iterable of Path
        Every file that compiled code comes from.
    """
    digest = hashlib.sha256(nb.__version__.encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return base / "lava_spquant" / f"{name}-{digest.hexdigest()[:16]}"


def usable(folder: Path) -> Path:
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
def cached_in(folder: Path) -> Iterator[None]:
    """Let functions that are decorated inside keep their compiled code in `folder`."""
    before = nb.config.CACHE_DIR
    nb.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        nb.config.CACHE_DIR = before
