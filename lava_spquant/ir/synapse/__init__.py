"""Synapses of the integer network, one file each, and their registry."""

from lava_spquant.ir.synapse.base import TERNARY_BITS, Synapse, check_weight, required_bits
from lava_spquant.ir.synapse.conv import Conv
from lava_spquant.ir.synapse.dense import Dense
from lava_spquant.ir.synapse.identity import Identity
from lava_spquant.ir.synapse.sum_pool import SumPool

__all__ = [
    "SYNAPSES",
    "TERNARY_BITS",
    "Conv",
    "Dense",
    "Identity",
    "SumPool",
    "Synapse",
    "check_weight",
    "required_bits",
]

SYNAPSES: dict[str, type[Synapse]] = {cls.kind: cls for cls in (Dense, Conv, SumPool, Identity)}
"""Every synapse that can be exported, loaded and run, by its kind."""
