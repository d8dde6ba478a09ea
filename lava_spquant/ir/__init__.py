"""The integer network: frozen dataclasses and NumPy arrays, and the interpreter that defines them.

Nothing here knows torch, Lava or HDF5; every other folder depends on this one.
"""

from lava_spquant.ir import limits
from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.block import INPUT, Block, Branch, constant_gain
from lava_spquant.ir.bounds import branch_bounds
from lava_spquant.ir.channels import Keep, Width, remove_channels, widths
from lava_spquant.ir.errors import NetworkError
from lava_spquant.ir.gain import FittedGain, coarse_channels, fit_gain
from lava_spquant.ir.gate import Gate, is_channel_gate
from lava_spquant.ir.max_pool import is_max_pool
from lava_spquant.ir.network import InputSpec, Network
from lava_spquant.ir.neuron import NEURONS, Clip, Cuba, Membrane, Neuron, QLif, Readout, Relay, Threshold
from lava_spquant.ir.synapse import SYNAPSES, TERNARY_BITS, Conv, Dense, Identity, SumPool, Synapse
from lava_spquant.ir.timing import ALIGNED, Timing

__all__ = [
    "ALIGNED",
    "INPUT",
    "NEURONS",
    "SYNAPSES",
    "TERNARY_BITS",
    "Block",
    "Branch",
    "Clip",
    "Conv",
    "Cuba",
    "Dense",
    "FittedGain",
    "Gate",
    "Identity",
    "InputSpec",
    "IntArray",
    "Keep",
    "Membrane",
    "Network",
    "NetworkError",
    "Neuron",
    "QLif",
    "Readout",
    "Relay",
    "Shape",
    "SumPool",
    "Synapse",
    "Threshold",
    "Timing",
    "Width",
    "branch_bounds",
    "coarse_channels",
    "constant_gain",
    "fit_gain",
    "is_channel_gate",
    "is_max_pool",
    "limits",
    "remove_channels",
    "widths",
]
