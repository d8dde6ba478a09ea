"""SLAYER's own blocks, with the options that cost it least.

`MeanOnlyBatchNorm` is the cheaper of SLAYER's two norms, its blocks' step delay is off, and pools are torch's average
pool, for SLAYER's pool would add a neuron. The decays make its neuron the leaky integrator of the others.
"""

from __future__ import annotations

import torch.nn.functional as F
from lava.lib.dl import slayer
from torch import Tensor, nn

from training_parts.trainee import Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["Slayer"]

NEURON = {
    "threshold": 1.0,
    "current_decay": 1.0,
    "voltage_decay": 0.5,
    "norm": slayer.neuron.norm.MeanOnlyBatchNorm,
}
WEIGHT_SCALE = 8
"""Enough for all layers to spike, as a trained network does."""


class Slayer(Trainee):
    """`slayer.block.cuba.Conv` with 8-bit weights."""

    spiking = (slayer.block.cuba.Conv,)

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for placed in placed_layers(workload):
            layer = placed.layer
            if layer.kind == "conv":
                made: nn.Module = slayer.block.cuba.Conv(
                    NEURON, placed.channels, layer.size, layer.kernel, layer.stride, placed.padding,
                    weight_scale=WEIGHT_SCALE, delay_shift=False,
                )  # fmt: skip
            elif layer.kind == "pool":
                made = nn.AvgPool3d((layer.size, layer.size, 1))
            else:
                made = nn.Linear(placed.features, CLASSES)
            self.layers.append(made)

    def lay_out(self, x: Tensor) -> Tensor:
        """Return NCHWT, time innermost in memory, as SLAYER's data sets deliver it."""
        return x.movedim(0, -1).contiguous()

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over time of a linear read-out."""
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                return F.linear(x.flatten(1, -2).movedim(-1, 0), layer.weight, layer.bias).mean(0)
            x = layer(x)
        raise AssertionError("an architecture ends with its read-out")
