"""Training: SLAYER-compatible blocks whose `eval()` runs the integers that are deployed."""

import os

# Large tensors come on huge pages where the system has them: mapping small ones takes a quarter of a training step.
# This stands before everything else, because torch reads the variable once, when it makes its first tensor.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

from lava_spquant.slayer import block
from lava_spquant.slayer.conversion import ConversionRow, conversion_report
from lava_spquant.slayer.membrane import FIVE_LEVEL, TERNARY, MembraneConfig, n_bit
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import ClipConfig, CubaConfig, QLifConfig, ThresholdConfig
from lava_spquant.slayer.quant import weight_quantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.surrogate import surrogate

__all__ = [
    "FIVE_LEVEL",
    "SPIKES",
    "TERNARY",
    "ClipConfig",
    "ConversionRow",
    "CubaConfig",
    "MembraneConfig",
    "QLifConfig",
    "SpikingNetwork",
    "Stream",
    "ThresholdConfig",
    "block",
    "conversion_report",
    "n_bit",
    "surrogate",
    "weight_quantiser",
]
