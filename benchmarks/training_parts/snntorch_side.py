"""snnTorch, twice: a loop over time around the network, and loops around every neuron."""

from __future__ import annotations

import snntorch
import torch
from torch import Tensor, nn

from training_parts.trainee import Placed, Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["LayerwiseSnnTorch", "SnnTorch"]


class SnnTorch(Trainee):
    """As its tutorials write it: one pass through the network per time step."""

    spiking = (snntorch.Leaky,)

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.layers = nn.ModuleList(m for placed in placed_layers(workload) for m in _modules_of(placed))

    def _start(self) -> dict[nn.Module, Tensor]:
        return {layer: layer.reset_mem() for layer in self.layers if isinstance(layer, snntorch.Leaky)}

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over time of a linear read-out."""
        potentials, outputs = self._start(), []
        for step in x:
            for layer in self.layers:
                if layer in potentials:
                    step, potentials[layer] = layer(step, potentials[layer])
                else:
                    step = layer(step)
            outputs.append(step)
        return torch.stack(outputs).mean(0)


class LayerwiseSnnTorch(SnnTorch):
    """With convolution and batch-norm over all time steps at once, which few users write but is fairer to it."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over time of a linear read-out."""
        potentials, steps = self._start(), len(x)
        x = x.flatten(0, 1)
        for layer in self.layers:
            if layer in potentials:
                potential, spikes = potentials[layer], []
                for current in x.unflatten(0, (steps, -1)):
                    spike, potential = layer(current, potential)
                    spikes.append(spike)
                x = torch.cat(spikes)
            else:
                x = layer(x)
        return x.unflatten(0, (steps, -1)).mean(0)


def _modules_of(placed: Placed) -> list[nn.Module]:
    layer = placed.layer
    if layer.kind == "conv":
        conv = nn.Conv2d(placed.channels, layer.size, layer.kernel, layer.stride, placed.padding, bias=False)
        return [conv, nn.BatchNorm2d(layer.size), snntorch.Leaky(beta=0.5, reset_mechanism="zero")]
    if layer.kind == "pool":
        return [nn.AvgPool2d(layer.size)]
    return [nn.Flatten(), nn.Linear(placed.features, CLASSES)]
