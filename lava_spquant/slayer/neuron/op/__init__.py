"""The neuron over time as one operation, with several implementations that return the same.

`plain` defines the operation, in torch. `choose` says which implementation runs, and `use` overrides it.
"""

from lava_spquant.slayer.neuron.op.backend import Backend, Drive, Gradient, compute_dtype
from lava_spquant.slayer.neuron.op.choice import BACKENDS, VARIABLE, choose, use
from lava_spquant.slayer.neuron.op.current import Current, Statistics, batch_statistics
from lava_spquant.slayer.neuron.op.dynamics import RESETS, Dynamics
from lava_spquant.slayer.neuron.op.function import lif
from lava_spquant.slayer.neuron.op.recompute import checkpointed

__all__ = [
    "BACKENDS",
    "RESETS",
    "VARIABLE",
    "Backend",
    "Current",
    "Drive",
    "Dynamics",
    "Gradient",
    "Statistics",
    "batch_statistics",
    "checkpointed",
    "choose",
    "compute_dtype",
    "lif",
    "use",
]
