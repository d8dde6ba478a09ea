"""Variable-length text, taken from the file's bytes: HDF5's own walk through a damaged heap may never end."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import BinaryIO

from lava_spquant.netx.errors import Place
from lava_spquant.netx.limits import HEAP_BYTES_MAX, HEAP_ITEMS_MAX

__all__ = ["ENTRY_BYTES", "Heap"]

_ENTRY = Struct("<IQI")
"""What a dataset holds per text: length, address of a heap collection, index in it."""

ENTRY_BYTES = _ENTRY.size

_HEADER = Struct("<5s3xQ")
"""What stands before the objects of a collection: signature and version, size of the collection."""

_OBJECT = Struct("<H6xQ")
"""What stands before the data of an object: index, reference count, size."""

_ALL_TEXT = f"at most {HEAP_BYTES_MAX} bytes and {HEAP_ITEMS_MAX} texts in the whole file"


@dataclass
class Heap:
    """The collections of one open file, each parsed once, and how much text the file may still claim.

    What is parsed counts, not what comes of it: a few bytes can pose as any number of collections and texts.

    Parameters
    ----------
    bytes_left : int
        For collections that are parsed and texts that are taken.
    items_left : int
        The same, for objects and texts.
    """

    bytes_left: int = HEAP_BYTES_MAX
    items_left: int = HEAP_ITEMS_MAX
    _collections: dict[int, dict[int, bytes]] = field(default_factory=dict, init=False)

    def texts(self, file: BinaryIO, stored: bytes, limit: int, place: Place, name: str) -> list[bytes]:
        """Return the texts that `stored`, the raw bytes of a dataset, points at.

        The layout is that of the HDF5 File Format Specification, section III.E, "Global Heap".

        Parameters
        ----------
        file : BinaryIO
            The same file at every call.
        stored : bytes
            `ENTRY_BYTES` for each text.
        limit : int
            Longest text, in bytes.
        place : Place
        name : str
            The field, for the error.

        Raises
        ------
        NetXError
            If a text is longer, or is not where it is said to be, or the file claims too much text in all.
        """
        texts = []
        for length, address, index in _ENTRY.iter_unpack(stored):
            if length > limit:
                raise place.error(name, found=f"{length} bytes of text", expected=f"at most {limit}")
            if length and address not in self._collections:
                self._collections[address] = self._parse(file, address, place, name)
            data = self._collections[address].get(index, b"") if length else b""
            place.expect(length <= len(data), name, found="text that is not there", expected="stored text")
            self._take(length, 1, place, name)
            texts.append(data[:length])
        return texts

    def _parse(self, file: BinaryIO, address: int, place: Place, name: str) -> dict[int, bytes]:
        """Return the objects of one heap collection by their index."""
        size = file.seek(0, 2)
        place.expect(
            address + _HEADER.size <= size, name, found="text beyond the end of the file", expected="stored text"
        )
        file.seek(address)
        signature, whole = _HEADER.unpack(file.read(_HEADER.size))
        good = signature == b"GCOL\x01" and _HEADER.size <= whole <= size - address
        place.expect(good, name, found="a damaged heap", expected="stored text")
        self._take(whole, 0, place, name)
        body = file.read(whole - _HEADER.size)
        objects: dict[int, bytes] = {}
        position = 0
        while position + _OBJECT.size <= len(body):
            index, length = _OBJECT.unpack_from(body, position)
            if index == 0:  # what is left is free
                break
            place.expect(index not in objects, name, found="a damaged heap", expected="stored text")
            self._take(0, 1, place, name)
            position += _OBJECT.size
            objects[index] = body[position : position + length]
            position += -(-length // 8) * 8
        return objects

    def _take(self, size: int, items: int, place: Place, name: str) -> None:
        self.bytes_left -= size
        self.items_left -= items
        good = self.bytes_left >= 0 and self.items_left >= 0
        place.expect(good, name, found="text without end", expected=_ALL_TEXT)
