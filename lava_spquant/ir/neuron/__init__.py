"""Neurons of the integer network, one file each, and their registry."""

from lava_spquant.ir.neuron.base import Bounds, Neuron, Outputs, State, zero_state
from lava_spquant.ir.neuron.clip import Clip, clip_step
from lava_spquant.ir.neuron.cuba import Cuba, cuba_step
from lava_spquant.ir.neuron.membrane import Membrane
from lava_spquant.ir.neuron.qlif import QLif, qlif_step
from lava_spquant.ir.neuron.readout import Readout, readout_step
from lava_spquant.ir.neuron.relay import Relay, relay_step
from lava_spquant.ir.neuron.threshold import Threshold, threshold_step

__all__ = [
    "NEURONS",
    "Bounds",
    "Clip",
    "Cuba",
    "Membrane",
    "Neuron",
    "Outputs",
    "QLif",
    "Readout",
    "Relay",
    "State",
    "Threshold",
    "clip_step",
    "cuba_step",
    "qlif_step",
    "readout_step",
    "relay_step",
    "threshold_step",
    "zero_state",
]

NEURONS: dict[str, type[Neuron]] = {cls.kind: cls for cls in (QLif, Cuba, Readout, Relay, Clip, Threshold)}
"""Every neuron that can be exported, loaded and run, by its kind."""
