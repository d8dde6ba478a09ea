"""Stateless neurons that spike above a threshold, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["Threshold"]


class Threshold(NeuronProcess):
    """Neurons of `ir.Threshold`; parameters, ports and Vars are those of `NeuronProcess`."""
