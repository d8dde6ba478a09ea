"""Stateless neurons that pass a graded value on within a range, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["Clip"]


class Clip(NeuronProcess):
    """Neurons of `ir.Clip`; parameters, ports and Vars are those of `NeuronProcess`."""
