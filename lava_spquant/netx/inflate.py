"""A guard against chunks that inflate to more than they declare."""

from __future__ import annotations

import math
import zlib

from h5py import h5d, h5p, h5z

from lava_spquant.netx.errors import Place

__all__ = ["check_chunks"]

_SLACK = 1024
"""Bytes by which a checksum and deflate's framing may exceed the data."""

_CHUNKS_MAX = 4096
"""Chunks of one dataset: HDF5 finds them one by one, in quadratic time."""


def check_chunks(dataset: h5d.DatasetID, plist: h5p.PropDCID, chunk_bytes: int, place: Place, field: str) -> None:
    """Refuse chunks whose compressed stream is longer than a chunk.

    HDF5 inflates a chunk into a buffer that grows until the stream ends, whatever the chunk's size.

    Parameters
    ----------
    dataset : h5py.h5d.DatasetID
    plist : h5py.h5p.PropDCID
        Its creation properties.
    chunk_bytes : int
        Unpacked size of a chunk.
    place : Place
    field : str

    Raises
    ------
    NetXError
        Naming the dataset.
    """
    limit = chunk_bytes + _SLACK
    codes = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    deflate = codes.index(h5z.FILTER_DEFLATE) if h5z.FILTER_DEFLATE in codes else None
    behind = set() if deflate is None else set(codes[deflate + 1 :])
    place.expect(behind <= {h5z.FILTER_FLETCHER32}, field, found=f"filters {codes}", expected="deflate last")
    count = dataset.get_num_chunks()
    most = min(_CHUNKS_MAX, math.prod(-(-n // c) for n, c in zip(dataset.shape, plist.get_chunk(), strict=True)))
    place.expect(count <= most, field, found=f"{count} chunks", expected=f"at most {most}")
    for index in range(count):
        info = dataset.get_chunk_info(index)
        place.expect(info.size <= limit, field, found=f"a stored chunk of {info.size} bytes", expected=f"<= {limit}")
        if deflate is not None and not info.filter_mask >> deflate & 1:
            _, raw = dataset.read_direct_chunk(info.chunk_offset)
            size = len(zlib.decompressobj().decompress(raw, limit + 1))
            place.expect(size <= limit, field, found="a chunk that inflates without end", expected=f"<= {limit} bytes")
