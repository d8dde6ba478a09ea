"""The same network without neurons: ReLU behind batch-norm, all time steps as one large batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training_parts.trainee import Placed, Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["ChannelsFirstReLU", "ReLU"]


class ReLU(Trainee):
    """In torch's channels-last layout, the ReLU in place."""

    layout = torch.channels_last

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        modules = [module for placed in placed_layers(workload) for module in _modules_of(placed)]
        self.network = nn.Sequential(*modules).to(memory_format=self.layout)
        self.steps = workload.steps

    def lay_out(self, x: Tensor) -> Tensor:
        """Return (T * N, C, H, W)."""
        return x.flatten(0, 1).contiguous(memory_format=self.layout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over time of a linear read-out."""
        out: Tensor = self.network(x)
        return out.unflatten(0, (self.steps, -1)).mean(0)


class ChannelsFirstReLU(ReLU):
    """In torch's default layout."""

    layout = torch.contiguous_format


def _modules_of(placed: Placed) -> list[nn.Module]:
    layer = placed.layer
    if layer.kind == "conv":
        conv = nn.Conv2d(placed.channels, layer.size, layer.kernel, layer.stride, placed.padding, bias=False)
        return [conv, nn.BatchNorm2d(layer.size), nn.ReLU(inplace=True)]
    if layer.kind == "pool":
        return [nn.AvgPool2d(layer.size)]
    return [nn.Flatten(), nn.Linear(placed.features, CLASSES)]
