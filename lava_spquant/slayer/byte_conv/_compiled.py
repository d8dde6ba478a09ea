"""The kernels, with a cache on disk that belongs to exactly these sources."""

from __future__ import annotations

from pathlib import Path

from lava_spquant.jit import cache_folder, cached_in, usable

__all__ = ["FOLDER", "accumulate", "bytes_of"]

HERE = Path(__file__).parent

FOLDER = cache_folder("byte-conv", (*HERE.glob("*.py"), HERE.parents[1] / "jit" / "llvm.py"))
"""Where compiled code is kept."""

with cached_in(usable(FOLDER)):
    from lava_spquant.slayer.byte_conv._bytes import bytes_of
    from lava_spquant.slayer.byte_conv._kernel import accumulate
