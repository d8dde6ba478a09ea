"""Writing datasets: small ones inside their object header, weights at their real width."""

from __future__ import annotations

import zlib
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z
from numpy.typing import NDArray

from lava_spquant.ir import IntArray

__all__ = ["LIBVER", "packed_bits", "write_array", "write_text", "write_weight"]

LIBVER = ("v110", "v110")
"""HDF5's compact file format, bounded so that every HDF5 since 1.10 reads the files."""

_COMPACT_BYTES = 2048
"""Arrays up to this size live in their object header; larger ones are chunked and compressed."""

_CHUNK_VALUES = 1 << 20
"""Values in one chunk of a weight array."""

_DEFLATE_LEVEL = 6


def packed_bits(weight_bits: float) -> int:
    """Return how many bits of two's complement hold a weight of the declared width.

    Examples
    --------
    >>> [packed_bits(bits) for bits in (1, 1.58, 2, 8)]
    [2, 2, 2, 8]
    """
    return max(2, int(np.ceil(weight_bits)))


def write_text(handle: h5py.Group, name: str, text: str, shape: tuple[int, ...] = ()) -> None:
    """Write ASCII `text` as the fixed-length string of ten bytes or more that lava-dl writes."""
    raw = text.encode("ascii")
    _write_compact(handle, name, np.full(shape, raw, dtype=f"S{max(10, len(raw))}"))


def write_array(handle: h5py.Group, name: str, values: NDArray[Any] | np.integer[Any] | float) -> None:
    """Write a number or an array of numbers, compressed where it is large."""
    array = np.asarray(values)
    if array.nbytes <= _COMPACT_BYTES:
        _write_compact(handle, name, array)
        return
    plist = _chunked(array.shape)
    plist.set_shuffle()
    plist.set_deflate(_DEFLATE_LEVEL)
    _write(handle, name, array, h5t.py_create(array.dtype, logical=True), plist)


def write_weight(handle: h5py.Group, name: str, weight: IntArray, weight_bits: float) -> None:
    """Write weights at their real width; HDF5 readers see int8 up to 8 bits and int16 beyond.

    HDF5's n-bit filter packs each weight into its `packed_bits`, and the deflate filter squeezes out what of them never
    occurs: {-1, +1} take 1.01 and {-1, 0, +1} about 1.61 bits per weight.

    Parameters
    ----------
    handle : h5py.Group
    name : str
    weight : numpy.ndarray of int
        Values within the declared width.
    weight_bits : float
        1, 1.58 or 2..16.
    """
    bits = packed_bits(weight_bits)
    array = np.ascontiguousarray(weight, dtype=np.int8 if bits <= 8 else np.int16)
    file_type = (h5t.STD_I8LE if bits <= 8 else h5t.STD_I16LE).copy()
    file_type.set_precision(bits)
    packed = _chunked(array.shape)
    packed.set_filter(h5z.FILTER_NBIT, h5z.FLAG_MANDATORY, ())
    deflated = _chunked(array.shape)
    deflated.set_filter(h5z.FILTER_NBIT, h5z.FLAG_MANDATORY, ())
    deflated.set_deflate(_DEFLATE_LEVEL)
    with h5py.File("packed", "w", driver="core", backing_store=False) as memory:
        chunks = _write(memory, name, array, file_type, packed)
        dataset = _create(handle, name, array.shape, file_type, deflated)
        for number in range(chunks.get_num_chunks()):
            offset = chunks.get_chunk_info(number).chunk_offset
            _, raw = chunks.read_direct_chunk(offset)
            dataset.write_direct_chunk(offset, _deflate(raw))


def _deflate(raw: bytes) -> bytes:
    """Return a stream that any inflate reads: with matches or without, whichever is shorter.

    Packed weights are random bytes from a small alphabet. The matches that deflate finds in them by chance cost more
    than the letters.
    """
    made = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY):
        stream = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
        made.append(stream.compress(raw) + stream.flush())
    return min(made, key=len)


def _chunked(shape: tuple[int, ...]) -> h5p.PropDCID:
    """Chunks of whole rows of the first axis."""
    row = max(1, int(np.prod(shape[1:], dtype=np.int64)))
    rows = min(shape[0], max(1, _CHUNK_VALUES // row))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((rows, *shape[1:]))
    return plist


def _write_compact(handle: h5py.Group, name: str, array: NDArray[np.generic]) -> None:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_layout(h5d.COMPACT)
    _write(handle, name, array, h5t.py_create(array.dtype, logical=True), plist)


def _write(
    handle: h5py.Group, name: str, array: NDArray[np.generic], file_type: h5t.TypeID, plist: h5p.PropDCID
) -> h5d.DatasetID:
    dataset = _create(handle, name, array.shape, file_type, plist)
    dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(array))
    return dataset


def _create(
    handle: h5py.Group, name: str, shape: tuple[int, ...], file_type: h5t.TypeID, plist: h5p.PropDCID
) -> h5d.DatasetID:
    # Without times the same network gives the same bytes.
    plist.set_obj_track_times(False)
    space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
    return h5d.create(handle.id, name.encode("ascii"), file_type, space, plist)
