"""The one exception that a bad file raises, and the place in a file that it names."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py

__all__ = ["NetXError", "Place", "reading"]

_HDF5_ERRORS = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    AttributeError,
    MemoryError,
    zlib.error,
)
"""What h5py raises on damaged files; there is no common base class."""

_TEXT_LIMIT = 160


class NetXError(ValueError):
    """A `.net` file that cannot be written or read: file, layer, field, found and expected."""


@dataclass(frozen=True)
class Place:
    """Where in a file something is: the start of every error message.

    Parameters
    ----------
    file : str
        The file's name without its folder.
    path : str
        The HDF5 group, such as "layer/3".
    """

    file: str
    path: str = ""

    @classmethod
    def of(cls, handle: h5py.Group) -> Place:
        """Return the place of an open group."""
        name = handle.file.filename
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        return cls(Path(text).name, (handle.name or "").strip("/"))

    def error(self, field: str, *, found: object, expected: object) -> NetXError:
        """Return the error that says what `field` of this place holds and what it should hold."""
        shown = str(found)
        shown = shown if len(shown) <= _TEXT_LIMIT else f"{shown[:_TEXT_LIMIT]}..."
        where = ": ".join(part for part in (self.file, self.path, field) if part)
        return NetXError(f"{where}: found {shown}, expected {expected}")

    def expect(self, condition: bool, field: str, *, found: object, expected: object) -> None:
        """Raise `NetXError` unless `condition` holds.

        Examples
        --------
        >>> Place("a.net", "layer/0").expect(False, "shape", found="(0,)", expected="at least 1")
        Traceback (most recent call last):
        lava_spquant.netx.errors.NetXError: a.net: layer/0: shape: found (0,), expected at least 1
        """
        if not condition:
            raise self.error(field, found=found, expected=expected)


@contextmanager
def reading(place: Place, field: str, expected: str) -> Iterator[None]:
    """Turn whatever h5py raises on a damaged file into a `NetXError` that names the field."""
    try:
        yield
    except NetXError:
        raise
    except _HDF5_ERRORS as error:
        raise place.error(field, found=f"damaged data ({error})", expected=expected) from error
