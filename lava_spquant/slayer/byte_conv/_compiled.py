"""The kernels."""

from __future__ import annotations

from lava_spquant.slayer.byte_conv._bytes import bytes_of
from lava_spquant.slayer.byte_conv._jit import FOLDER
from lava_spquant.slayer.byte_conv._kernel import accumulate

__all__ = ["FOLDER", "accumulate", "bytes_of"]
