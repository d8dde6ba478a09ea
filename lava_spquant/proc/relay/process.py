"""Stateless neurons that pass a graded value on, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["Relay"]


class Relay(NeuronProcess):
    """Neurons of `ir.Relay`; parameters, ports and Vars are those of `NeuronProcess`."""
