"""Variable-length text, taken from the file's bytes: HDF5's own walk through a damaged heap may never end."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from lava_spquant.netx.errors import Place
from lava_spquant.netx.limits import HEAP_BYTES_MAX

__all__ = ["ENTRY_BYTES", "read_heap_texts"]

ENTRY_BYTES = 16
"""What a dataset holds per text: length (4 bytes), address of a heap collection (8), index in it (4)."""

_HEADER = 16
"""Bytes before the objects of a collection: signature, version, size of the collection."""

_OBJECT = 16
"""Bytes before the data of an object: index, reference count, size."""


def read_heap_texts(path: Path, stored: bytes, limit: int, place: Place, field: str) -> list[bytes]:
    """Return the texts that `stored`, the raw bytes of a dataset, points at.

    The layout is that of the HDF5 File Format Specification, section III.E, "Global Heap".

    Parameters
    ----------
    path : Path
        The file.
    stored : bytes
        `ENTRY_BYTES` for each text.
    limit : int
        Longest text, in bytes.
    place : Place
    field : str

    Raises
    ------
    NetXError
        If a text is longer, or is not where it is said to be.
    """
    texts = []
    collections: dict[int, dict[int, bytes]] = {}
    with path.open("rb") as file:
        for start in range(0, len(stored), ENTRY_BYTES):
            entry = stored[start : start + ENTRY_BYTES]
            length, address, index = (_number(entry, a, b) for a, b in ((0, 4), (4, 12), (12, 16)))
            place.expect(length <= limit, field, found=f"{length} bytes of text", expected=f"at most {limit}")
            if length and address not in collections:
                collections[address] = _collection(file, address, place, field)
                read = sum(len(data) for objects in collections.values() for data in objects.values())
                place.expect(read <= HEAP_BYTES_MAX, field, found="scattered text", expected="compact text")
            data = collections[address].get(index, b"") if length else b""
            place.expect(length <= len(data), field, found="text that is not there", expected="stored text")
            texts.append(data[:length])
    return texts


def _collection(file: BinaryIO, address: int, place: Place, field: str) -> dict[int, bytes]:
    """Return the objects of one heap collection by their index."""
    size = file.seek(0, 2)
    place.expect(address + _HEADER <= size, field, found="text beyond the end of the file", expected="stored text")
    file.seek(address)
    header = file.read(_HEADER)
    whole = _number(header, 8, 16)
    good = header[:5] == b"GCOL\x01" and whole <= min(size - address, HEAP_BYTES_MAX)
    place.expect(good, field, found="a damaged heap", expected="stored text")
    body = file.read(max(whole - _HEADER, 0))
    objects: dict[int, bytes] = {}
    position = 0
    while position + _OBJECT <= len(body):
        index, length = _number(body, position, position + 2), _number(body, position + 8, position + 16)
        if index == 0:  # what is left is free
            break
        position += _OBJECT
        objects[index] = body[position : position + length]
        position += -(-length // 8) * 8
    return objects


def _number(data: bytes, start: int, stop: int) -> int:
    return int.from_bytes(data[start:stop], "little")
