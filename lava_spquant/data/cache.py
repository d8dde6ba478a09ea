"""Decoded data on disk: rows of bytes, computed once, mapped into memory, evicted when they take too much room."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError, expect_data

__all__ = ["CACHE_BYTES_ENV", "RowCache", "Rows", "cache_key", "default_cache"]

log = logging.getLogger(__name__)

Rows = NDArray[np.uint8]
"""uint8, shape (samples, bytes per sample)."""

CACHE_BYTES_ENV = "LAVA_SPQUANT_CACHE_BYTES"
"""Environment variable: how many bytes the cache may hold; 0 switches it off."""

DEFAULT_BYTES = 8 * 2**30
HEADER = struct.Struct("<8sQQQ")
"""Magic, samples, bytes per sample, CRC-32 of the rows."""

MAGIC = b"LSQROWS1"
SUFFIX, UNFINISHED = ".rows", ".tmp"
ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class RowCache:
    """A folder of files, one for each set of rows.

    Processes may share it: a file appears whole or not at all, one process computes what several want, and a file
    that is evicted stays readable for whoever has it mapped.

    Parameters
    ----------
    folder : Path
        Made when it is first written to.
    max_bytes : int
        When the files take more, those unused for longest go; a set that is larger by itself is not kept.
    """

    folder: Path
    max_bytes: int = DEFAULT_BYTES

    def rows(self, key: str, samples: int, row_bytes: int, compute: Callable[[], Iterable[Rows]]) -> Rows:
        """Return the rows under `key`, computed if they are not there.

        Parameters
        ----------
        key : str
            Of `cache_key`: names everything that the rows depend on.
        samples, row_bytes : int
            Their shape.
        compute : callable
            Returns the rows in parts, in order.

        Returns
        -------
        numpy.ndarray, uint8, shape (samples, row_bytes)
            Read-only where it is mapped from the file.

        Raises
        ------
        DataError
            If what was computed has another shape.
        """
        shape = samples, row_bytes
        if samples * row_bytes + HEADER.size > self.max_bytes:
            return _gather(compute(), shape)
        path = self.folder / f"{key}{SUFFIX}"
        found = _open(path, shape)
        if found is not None:
            return found
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock")):
                # Another process may have been faster.
                found = _open(path, shape)
                if found is None:
                    _write(path, shape, compute())
                    self._evict(path)
                    found = _open(path, shape)
        except OSError as error:
            log.info("%s: decoded data is not kept: %s", self.folder, error)
        return _gather(compute(), shape) if found is None else found

    def _evict(self, newest: Path) -> None:
        """Remove what was unused for longest until the rest fits, and what killed processes left."""
        for left in self.folder.glob(f"*{UNFINISHED}"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                    left.unlink()
        ages = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):  # evicted by another process
                about = path.stat()
                ages.append((path != newest, -about.st_mtime_ns, about.st_size, path))
        total = 0
        for _, _, size, path in sorted(ages):
            total += size
            if total > self.max_bytes:
                log.info("evicting %s", path)
                path.unlink(missing_ok=True)


def default_cache() -> RowCache:
    """Return the cache under `$XDG_CACHE_HOME` or `~/.cache`, of 8 GiB or `$LAVA_SPQUANT_CACHE_BYTES`.

    Raises
    ------
    DataError
        If that is no number.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    text = os.environ.get(CACHE_BYTES_ENV) or str(DEFAULT_BYTES)
    expect_data(text.isdecimal(), "environment", CACHE_BYTES_ENV, found=repr(text), expected="a number of bytes")
    return RowCache(base / "lava_spquant" / "data", int(text))


def cache_key(kind: str, *parts: Any) -> str:
    """Return a name for what is computed from `parts`: dataclasses, arrays, numbers and strings.

    Examples
    --------
    >>> cache_key("square", 3) == cache_key("square", 3), cache_key("square", 3) == cache_key("square", 4)
    (True, False)
    """
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            plain = asdict(part) if is_dataclass(part) and not isinstance(part, type) else part
            digest.update(json.dumps(plain, sort_keys=True).encode())
        digest.update(b"\0")
    return f"{kind}-{digest.hexdigest()[:32]}"


def _open(path: Path, shape: tuple[int, int]) -> Rows | None:
    """Map a file; None if there is none, or none that is whole."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
            length = os.fstat(file.fileno()).st_size
        good = len(head) == HEADER.size and length == HEADER.size + shape[0] * shape[1]
        if good:
            magic, *found, checksum = HEADER.unpack(head)
            rows: Rows = np.asarray(np.memmap(path, np.uint8, "r", HEADER.size, shape))
            good = magic == MAGIC and tuple(found) == shape and zlib.crc32(rows.data) == checksum
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not good:
        log.warning("%s: found damaged, is computed anew", path)
        path.unlink(missing_ok=True)
        return None
    with suppress(OSError):  # somebody else's file
        os.utime(path)
    return rows


def _write(path: Path, shape: tuple[int, int], parts: Iterable[Rows]) -> None:
    checksum = 0
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=UNFINISHED, delete=False) as file:
        try:
            file.write(bytes(HEADER.size))
            for part in _checked(parts, shape):
                checksum = zlib.crc32(part.data, checksum)
                file.write(part.data)
            file.seek(0)
            file.write(HEADER.pack(MAGIC, *shape, checksum))
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _gather(parts: Iterable[Rows], shape: tuple[int, int]) -> Rows:
    rows, start = np.empty(shape, np.uint8), 0
    for part in _checked(parts, shape):
        rows[start : start + len(part)] = part
        start += len(part)
    return rows


def _checked(parts: Iterable[Rows], shape: tuple[int, int]) -> Iterator[Rows]:
    """Yield the parts, contiguous, and raise `DataError` unless they are `shape` together."""
    count = 0
    for part in parts:
        good = part.dtype == np.uint8 and part.ndim == 2 and part.shape[1] == shape[1]
        found = f"{part.dtype} {part.shape}"
        expect_data(good, "cache", "computed rows", found=found, expected=f"uint8 (N, {shape[1]})")
        count += len(part)
        if count > shape[0]:
            break
        yield np.ascontiguousarray(part)
    if count != shape[0]:
        raise DataError(f"cache: computed rows: found {count} or more, expected {shape[0]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process in at a time. The lock of a process that dies is free at once."""
    try:
        import fcntl
    except ImportError:  # Windows: two processes may compute the same, and the last one's file stays
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
