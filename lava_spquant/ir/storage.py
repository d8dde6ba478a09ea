"""How many bits a network's values take where it is stored."""

from __future__ import annotations

from lava_spquant.ir.synapse import TERNARY_BITS

__all__ = ["BIAS_BITS", "GAIN_BITS", "stored_bits"]

GAIN_BITS = 16
BIAS_BITS = 32


def stored_bits(weight_bits: float) -> int:
    """Return the whole bits that store a weight of a declared width.

    Parameters
    ----------
    weight_bits : float
        As synapses declare it; 0 where they have no weights.

    Examples
    --------
    >>> stored_bits(1), stored_bits(1.58), stored_bits(8)
    (1, 2, 8)
    """
    return 2 if weight_bits == TERNARY_BITS else int(weight_bits)
