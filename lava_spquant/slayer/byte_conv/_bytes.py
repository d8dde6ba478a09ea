"""From whole numbers in float32 to bytes, with a look at whether that is what they are."""

from __future__ import annotations

import numpy as np

from lava_spquant.slayer.byte_conv._jit import jit
from lava_spquant.slayer.byte_conv._memory import get, put

__all__ = ["bytes_of"]


@jit
def bytes_of(x, out, start, stop):
    """Write x[start:stop], float32, to `out`, uint8; return how many are not 0, or -1 if one is no byte."""
    wrong = events = np.int64(0)
    for k in range(start, stop):
        value = get(x, k)
        fits = (value >= np.float32(0)) & (value <= np.float32(255))
        # What does not fit has no defined integer.
        whole = np.int32(value if fits else np.float32(0))
        put(out, k, np.uint8(whole))
        wrong += np.int64(np.float32(whole) != value)
        events += np.int64(whole != 0)
    return -1 if wrong else events
