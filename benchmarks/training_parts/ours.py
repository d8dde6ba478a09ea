"""This library: weights of 1.58 bits behind an 8-bit first layer, ternary membrane potential."""

from __future__ import annotations

from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.layout import nchwt
from lava_spquant.slayer.loss import mean_output
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from training_parts.trainee import Trainee
from training_parts.workload import CLASSES, Workload

__all__ = ["Ours"]


class Ours(Trainee):
    """The model that a recipe with this architecture trains."""

    spiking = (block.Conv,)

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        spec = ir.InputSpec((workload.channels, workload.size, workload.size))
        self.network = build_convnet(ConvNetConfig(workload.architecture), spec, CLASSES)

    def lay_out(self, x: Tensor) -> Tensor:
        """Return a view NCHWT."""
        return nchwt(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the read-out's mean."""
        return mean_output(self.network(x))
