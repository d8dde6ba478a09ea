"""Opening one dataset of an untrusted file: everything is judged from its header, before its data is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5s, h5t, h5z
from numpy.typing import NDArray

from lava_spquant.netx.errors import Place, reading
from lava_spquant.netx.heap import ENTRY_BYTES, Heap
from lava_spquant.netx.inflate import check_chunks
from lava_spquant.netx.limits import CHUNK_BYTES_MAX, ELEMENTS_MAX, NEURONS_MAX, PACKING_MAX, TEXT_MAX, TEXTS_MAX

__all__ = ["Budget", "Header", "expect_numbers", "read_numbers", "read_text", "read_texts"]

_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_NBIT}
_LAYOUTS = {h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED}


@dataclass
class Budget:
    """What one file may still claim; hard links can name the same data many times."""

    elements: int = ELEMENTS_MAX
    neurons: int = NEURONS_MAX
    layers: int = 0
    heap: Heap = field(default_factory=Heap)

    def take(self, elements: int, place: Place, field: str) -> None:
        """Subtract `elements`, or raise `NetXError` where they are more than what is left."""
        place.expect(elements <= self.elements, field, found=f"{elements} values", expected=f"at most {self.elements}")
        self.elements -= elements

    def take_shape(self, shape: tuple[int, ...], place: Place, field: str) -> None:
        """Subtract the neurons of a layer: what is made for each channel needs no data in the file."""
        self.take_neurons(math.prod(shape), shape, place, field)

    def take_neurons(self, count: int, found: object, place: Place, field: str) -> None:
        """Subtract `count` neurons, which the file claims with `found`."""
        place.expect(count <= self.neurons, field, found=found, expected=f"at most {self.neurons} more neurons")
        self.neurons -= count


@dataclass(frozen=True)
class Header:
    """The checked header of a dataset.

    Parameters
    ----------
    dataset : h5py.h5d.DatasetID
    place : Place
    field : str
    """

    dataset: h5d.DatasetID
    place: Place
    field: str

    @property
    def dims(self) -> tuple[int, ...]:
        """Declared shape.

        Raises
        ------
        NetXError
            If the dataset has no shape at all or claims more than `ELEMENTS_MAX` values.
        """
        with reading(self.place, self.field, "a readable dataset"):
            space = self.dataset.get_space()
            scalar = space.get_simple_extent_type() == h5s.SCALAR
            simple = space.get_simple_extent_type() == h5s.SIMPLE
            dims = tuple(int(n) for n in space.get_simple_extent_dims()) if simple else ()
        self.place.expect(scalar or simple, self.field, found="an empty dataspace", expected="a value or an array")
        # Each axis too: one axis of 0 would hide any other.
        largest = max(math.prod(dims), *dims, 0)
        self.place.expect(
            largest <= ELEMENTS_MAX, self.field, found=f"shape {dims}", expected=f"at most {ELEMENTS_MAX} values"
        )
        return dims

    def read(self, budget: Budget) -> NDArray[np.generic]:
        """Return the data after proving that the file is large enough to hold it.

        Raises
        ------
        NetXError
            If the data lies outside the file, could not come from so few bytes, or is damaged.
        """
        count = math.prod(self.dims)
        budget.take(count, self.place, self.field)
        with reading(self.place, self.field, "a readable dataset"):
            self._check_storage(count)
            return np.asarray(h5py.Dataset(self.dataset)[()])

    def _check_storage(self, count: int) -> None:
        plist, size = self.dataset.get_create_plist(), self.dataset.get_type().get_size()
        layout = plist.get_layout()
        self.place.expect(layout in _LAYOUTS, self.field, found="a virtual dataset", expected="data in this file")
        external = plist.get_external_count()
        self.place.expect(external == 0, self.field, found="data in another file", expected="data in this file")
        stored = self.dataset.get_storage_size()
        room = stored * PACKING_MAX if layout == h5d.CHUNKED else stored
        self.place.expect(
            count * size <= room, self.field, found=f"{count} values in {stored} stored bytes", expected="stored data"
        )
        if layout != h5d.CHUNKED:
            return
        filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
        known = filters <= _FILTERS
        self.place.expect(known, self.field, found=f"filters {filters}", expected="deflate, shuffle or n-bit")
        chunk = math.prod(plist.get_chunk()) * size
        self.place.expect(
            chunk <= CHUNK_BYTES_MAX, self.field, found=f"chunks of {chunk} bytes", expected=f"<= {CHUNK_BYTES_MAX}"
        )
        check_chunks(self.dataset, plist, chunk, self.place, self.field)


def expect_numbers(header: Header) -> None:
    """Raise `NetXError` unless the dataset holds integers, booleans or floats of at most 64 bits."""
    header.place.expect(_is_number(header), header.field, found=_type_name(header), expected="numbers")


def read_numbers(header: Header, budget: Budget) -> NDArray[np.generic]:
    """Return whole numbers as int64, or real ones as float64 where they are not whole.

    Parameters
    ----------
    header : Header
        Of a dataset that passed `expect_numbers`.
    budget : Budget

    Raises
    ------
    NetXError
        If a value is not finite or does not fit.
    """
    values = header.read(budget)
    if values.dtype.kind == "f":
        finite = bool(np.all(np.isfinite(values)))
        header.place.expect(finite, header.field, found="NaN or infinity", expected="finite numbers")
        whole = bool(np.all(values == np.rint(values)) and np.all(np.abs(values) < 2**53))
        return values.astype(np.int64 if whole else np.float64)
    if values.dtype.kind == "u":
        small = not values.size or int(values.max()) < 2**63
        header.place.expect(small, header.field, found=f"{values.max() if values.size else 0}", expected="< 2**63")
    return values.astype(np.int64)


def read_text(header: Header, budget: Budget) -> str:
    """Return a string, a scalar or the only value of an array, of at most 256 ASCII characters.

    Raises
    ------
    NetXError
        If the dataset holds anything else.
    """
    with reading(header.place, header.field, "a short string"):
        kind = header.dataset.get_type()
        good = isinstance(kind, h5t.TypeStringID) and (kind.is_variable_str() or kind.get_size() <= TEXT_MAX)
    header.place.expect(good, header.field, found=_type_name(header), expected="a short string")
    dims = header.dims
    header.place.expect(dims in ((), (1,)), header.field, found=f"shape {dims}", expected="one string")
    in_heap = kind.is_variable_str()
    raw = _heap_texts(header, budget, 1, TEXT_MAX)[0] if in_heap else header.read(budget).reshape(-1)[0]
    try:
        text = raw.decode("ascii") if isinstance(raw, bytes) else str(raw)
    except UnicodeDecodeError:
        text = ""
    good = 0 < len(text) <= TEXT_MAX and text.isprintable()
    header.place.expect(good, header.field, found=repr(raw), expected="printable ASCII text")
    return text


def read_texts(header: Header, budget: Budget, limit: int = TEXT_MAX) -> NDArray[np.object_]:
    """Return an array of variable-length strings, each of at most `limit` bytes of UTF-8.

    Raises
    ------
    NetXError
        If the dataset holds anything else.
    """
    with reading(header.place, header.field, "text"):
        kind = header.dataset.get_type()
        good = isinstance(kind, h5t.TypeStringID) and bool(kind.is_variable_str())
    header.place.expect(good, header.field, found=_type_name(header), expected="text")
    dims = header.dims
    count = math.prod(dims)
    header.place.expect(count <= TEXTS_MAX, header.field, found=f"{count} texts", expected=f"at most {TEXTS_MAX}")
    found, texts = _heap_texts(header, budget, count, limit), np.empty(count, dtype=object)
    with reading(header.place, header.field, "UTF-8 text"):
        for index, raw in enumerate(found):
            texts[index] = raw.decode("utf-8")
    return texts.reshape(dims)


def _heap_texts(header: Header, budget: Budget, count: int, limit: int) -> list[bytes]:
    """Follow the references of a contiguous dataset; HDF5 would allocate whatever length they say."""
    budget.take(count, header.place, header.field)
    with reading(header.place, header.field, "text"):
        offset, stored = header.dataset.get_offset(), header.dataset.get_storage_size()
        good = offset is not None and stored == count * ENTRY_BYTES
        header.place.expect(good, header.field, found="scattered text", expected="contiguous text")
        path = Path(h5py.Dataset(header.dataset).file.filename)
        with path.open("rb") as raw:
            raw.seek(offset)
            entries = raw.read(stored)
            whole = len(entries) == stored
            header.place.expect(whole, header.field, found="text beyond the end of the file", expected="stored text")
            return budget.heap.texts(raw, entries, limit, header.place, header.field)


def _is_number(header: Header) -> bool:
    with reading(header.place, header.field, "numbers"):
        kind = header.dataset.get_type()
        if isinstance(kind, (h5t.TypeIntegerID, h5t.TypeFloatID)):
            return bool(kind.get_size() <= 8)
        # How h5py stores booleans.
        return isinstance(kind, h5t.TypeEnumID) and kind.get_size() == 1 and kind.dtype.kind == "b"


def _type_name(header: Header) -> str:
    with reading(header.place, header.field, "a known type"):
        return f"type {header.dataset.get_type().dtype}"
