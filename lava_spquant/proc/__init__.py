"""Integer networks as Lava Processes, on the CPU or on Loihi-class hardware.

`Network` is a Process for any Lava graph, `simulate` runs whole data sets through one and returns
what every block did, and `guarded` runs any graph so that it ends.
"""

from lava_spquant.proc.start_method import release_start_method

release_start_method()

# ruff: noqa: E402 (everything below imports Lava's runtime)
from lava_spquant.proc.block import Block
from lava_spquant.proc.config import BACKENDS, run_config
from lava_spquant.proc.guard import DeadlineError, ModelError, ModelTraceback, ProcessDiedError, guarded
from lava_spquant.proc.network import Network
from lava_spquant.proc.neuron_process import Reset
from lava_spquant.proc.neurons import NEURON_BUILDERS
from lava_spquant.proc.simulate import simulate
from lava_spquant.proc.synapses import SYNAPSE_BUILDERS

__all__ = [
    "BACKENDS",
    "NEURON_BUILDERS",
    "SYNAPSE_BUILDERS",
    "Block",
    "DeadlineError",
    "ModelError",
    "ModelTraceback",
    "Network",
    "ProcessDiedError",
    "Reset",
    "guarded",
    "run_config",
    "simulate",
]
