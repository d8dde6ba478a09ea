"""A penalty on spike rates: fewer spikes, and so fewer synaptic operations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lava_spquant.slayer.block import Gated
from lava_spquant.slayer.neuron import Cuba, QLif, ThresholdNeuron
from lava_spquant.slayer.norm import sum_over_processes
from lava_spquant.slayer.training.shares import process_count
from lava_spquant.slayer.training.watch import Watch

__all__ = ["SpikeRates"]


class SpikeRates(Watch):
    """Watches the neurons of a model, and judges the rates of its last forward pass.

    Parameters
    ----------
    model : torch.nn.Module
    target : float or sequence of float
        Spikes per neuron and step that a layer may have, 0..1; the same for all, or one for each layer that spikes, in
        the model's order. Residual and depthwise-separable blocks are two layers, and a maximum of spikes is one.

    Raises
    ------
    ValueError
        If there are targets for another number of layers.
    """

    def __init__(self, model: nn.Module, target: float | Sequence[float]) -> None:
        self.rates: list[Tensor] = []
        self._targets: list[float] = []
        layers = _spiking_layers(model)
        targets = list(target) if isinstance(target, Sequence) else [target] * len(layers)
        if len(targets) != len(layers):
            expected = f"none or {len(layers)}, one per spiking layer"
            raise ValueError(f"training: rate_targets: found {len(targets)}, expected {expected}")
        super().__init__((layer, partial(self._note, own)) for layer, own in zip(layers, targets, strict=True))

    def end(self) -> None:
        """Watch no longer, and forget what was noted."""
        super().end()
        self.rates, self._targets = [], []

    def _note(self, target: float, module: nn.Module, inputs: Any, sent: Any) -> None:
        if module.training and torch.is_grad_enabled():
            self.rates.append((sent[0] if isinstance(sent, tuple) else sent).mean())
            self._targets.append(target)

    def penalty(self, weight: float = 1.0) -> Tensor:
        """Return the mean over layers of `max(0, rate - target)`, each with its target, and forget the rates.

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
        targets, weighted = torch.tensor(
            [self._targets, [target * weight for target in self._targets]], device=rates.device
        )
        self.rates, self._targets = [], []
        above = sum_over_processes(rates.detach()) / process_count() > targets
        return ((rates - weighted) * above).mean()


def _spiking_layers(model: nn.Module) -> list[nn.Module]:
    """Return the modules whose output is a layer's spikes."""
    gated = [module for module in model.modules() if isinstance(module, Gated)]
    # A gated block has its neuron respond to a current, which no hook of the neuron's sees; its predictors only decide.
    inner = {part for block in gated for part in block.modules() if part is not block}
    sources = [(m, m.neuron if isinstance(m, Gated) else m) for m in model.modules() if m not in inner]
    return [layer for layer, neuron in sources if isinstance(neuron, (QLif, Cuba, ThresholdNeuron))]
