"""What every contestant's network offers to the stopwatch, and the layers that all of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lava_spquant.slayer.models import Layer, parse_architecture
from training_parts.workload import CLASSES, DENSITY, Workload

__all__ = ["Placed", "Trainee", "batch_of", "placed_layers", "spike_rates"]


class Trainee(nn.Module, ABC):
    """A network to be trained.

    Attributes
    ----------
    spiking : tuple of type
        Modules whose output is spikes.
    """

    spiking: tuple[type[nn.Module], ...] = ()

    def lay_out(self, x: Tensor) -> Tensor:
        """Return the input (T, N, C, H, W) as this library's loader would deliver it; not timed."""
        return x

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the mean output over time (N, classes), starting from a state of zero."""


@dataclass(frozen=True)
class Placed:
    """A layer, and the channels and side of what it reads."""

    layer: Layer
    channels: int
    size: int

    @property
    def padding(self) -> int:
        """Padding that keeps the size."""
        return self.layer.kernel // 2

    @property
    def features(self) -> int:
        """Inputs of a dense layer."""
        return self.channels * self.size**2


def placed_layers(workload: Workload) -> Iterator[Placed]:
    """Yield the layers of a workload.

    Raises
    ------
    ValueError
        If there is one beside convolution, pool and read-out.
    """
    channels, size = workload.channels, workload.size
    for layer in parse_architecture(workload.architecture):
        if layer.kind not in ("conv", "pool", "readout"):
            raise ValueError(f"{workload.name}: found a {layer.kind} layer, expected conv, pool or readout")
        yield Placed(layer, channels, size)
        if layer.kind == "conv":
            channels, size = layer.size, (size - 1) // layer.stride + 1
        elif layer.kind == "pool":
            size //= layer.size


def batch_of(workload: Workload, device: str) -> tuple[Tensor, Tensor]:
    """Return random spikes (T, N, C, H, W), float32, and labels (N,), int64."""
    generator = torch.Generator().manual_seed(0)
    shape = (workload.steps, workload.batch, workload.channels, workload.size, workload.size)
    x = (torch.rand(shape, generator=generator) < DENSITY).float()
    return x.to(device), torch.randint(CLASSES, (workload.batch,), generator=generator).to(device)


@torch.no_grad()
def spike_rates(model: Trainee, x: Tensor) -> list[float]:
    """Return the mean spikes per neuron and step of every layer: a silent network would be a strange one to time."""
    rates: dict[nn.Module, list[float]] = {}

    def note(module: nn.Module, _: object, output: Tensor | tuple[Tensor, ...]) -> None:
        spikes = output[0] if isinstance(output, tuple) else output
        rates.setdefault(module, []).append(float((spikes > 0).float().mean()))

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, model.spiking)]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return [sum(found) / len(found) for found in rates.values()]
