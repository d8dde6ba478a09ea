"""CUBA neurons whose parameters leave the ranges of Lava's own LIF, as a Lava Process."""

from __future__ import annotations

from lava_spquant.proc.neuron_process import NeuronProcess

__all__ = ["Cuba"]


class Cuba(NeuronProcess):
    """Neurons of `ir.Cuba`; parameters, ports and Vars are those of `NeuronProcess`."""
