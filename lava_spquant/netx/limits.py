"""What a file may claim before anything is allocated for it."""

from __future__ import annotations

__all__ = [
    "CHUNK_BYTES_MAX",
    "DEPTH_MAX",
    "ELEMENTS_MAX",
    "HEAP_BYTES_MAX",
    "HEAP_ITEMS_MAX",
    "LAYERS_MAX",
    "METADATA_MAX",
    "NEURONS_MAX",
    "PACKING_MAX",
    "TEXTS_MAX",
    "TEXT_MAX",
]

ELEMENTS_MAX = 2**28
"""Values in all datasets of one file."""

NEURONS_MAX = 2**26
"""Neurons and inputs of one file: the sum over the shapes that it declares."""

LAYERS_MAX = 4096
"""Layers, branches and gates of one file, nested ones included."""

DEPTH_MAX = 8
"""Groups within groups."""

TEXT_MAX = 256
"""Bytes of a name or type."""

HEAP_BYTES_MAX = 2**27
"""Bytes of variable-length text in one file: of the collections that are parsed, and of the texts taken from them."""

HEAP_ITEMS_MAX = 2**20
"""Objects in those collections, and texts taken from them."""

TEXTS_MAX = 2**16
"""Strings in one array."""

METADATA_MAX = 60_000
"""Bytes of the metadata; HDF5 keeps attributes up to 64 KiB in the object header."""

CHUNK_BYTES_MAX = 2**26
"""Unpacked bytes of one chunk."""

PACKING_MAX = 8256
"""Deflate shrinks at most 1032 to 1, and the n-bit filter in front of it 8 to 1."""
