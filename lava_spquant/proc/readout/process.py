"""Read-out accumulators, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["Readout"]


class Readout(NeuronProcess):
    """Neurons of `ir.Readout`; parameters, ports and Vars are those of `NeuronProcess`."""
