"""Leaky integrate-and-fire neurons with a quantised membrane, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["QLif"]


class QLif(NeuronProcess):
    """Neurons of `ir.QLif`; parameters, ports and Vars are those of `NeuronProcess`."""
