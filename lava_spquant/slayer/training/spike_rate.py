"""A penalty on spike rates: fewer spikes, and so fewer synaptic operations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lava_spquant.slayer.block import Gated
from lava_spquant.slayer.neuron import Cuba, QLif, ThresholdNeuron
from lava_spquant.slayer.norm import sum_over_processes
from lava_spquant.slayer.training.shares import process_count

__all__ = ["SpikeRates"]


class SpikeRates:
    """Watches the neurons of a model, and judges the rates of its last forward pass.

    Parameters
    ----------
    model : torch.nn.Module
    target : float
        Spikes per neuron and step that a layer may have, 0..1.
    """

    def __init__(self, model: nn.Module, target: float) -> None:
        self.target = target
        self.rates: list[Tensor] = []
        for module in model.modules():
            # A gated block has its neuron respond to a current, which no hook of the neuron's sees.
            spiking = module.neuron if isinstance(module, Gated) else module
            if isinstance(spiking, (QLif, Cuba, ThresholdNeuron)):
                module.register_forward_hook(self._note)

    def _note(self, module: nn.Module, inputs: Any, sent: Any) -> None:
        if module.training and torch.is_grad_enabled():
            self.rates.append((sent[0] if isinstance(sent, tuple) else sent).mean())

    def penalty(self, weight: float = 1.0) -> Tensor:
        """Return the mean over layers of `max(0, rate - target)`, and forget the rates.

        Parameters
        ----------
        weight : float
            Of this process's samples in the mean over processes. Whether a layer is above the target is judged by the
            whole batch, so that several processes learn what one would.

        Raises
        ------
        ValueError
            If no neuron spiked or could have, for want of a forward pass.
        """
        if not self.rates:
            raise ValueError("spike rates: found no spiking neuron in the forward pass, expected at least one")
        rates = torch.stack(self.rates) * weight
        self.rates = []
        above = sum_over_processes(rates.detach()) / process_count() > self.target
        return ((rates - self.target * weight) * above).mean()
