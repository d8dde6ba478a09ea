"""No network: the multiplications of its convolutions, all of them in the convolution that torch computes fastest.

Whoever computes these multiplications with torch's convolutions, in this precision, cannot take less time: 3x3 over 512
channels, forwards, at a size that stays in the processor's caches. What a library takes above it is for the shapes of
its layers, for gradients being slower than outputs, and for its neurons. Our own forward pass goes below it where
spikes and weights are bytes.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training_parts.trainee import Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["Bound", "multiplications"]

CHANNELS, SIDE, IMAGES = 512, 12, 32
PER_IMAGE = CHANNELS**2 * 9 * SIDE**2


def multiplications(workload: Workload) -> tuple[int, int]:
    """Return the multiplications of all convolutions in a forward pass, and in a backward pass.

    Backward has two products of the same size, for weights and for inputs; nobody asks for the network's input's.
    """
    forward = backward = 0
    for placed in placed_layers(workload):
        if placed.layer.kind != "conv":
            continue
        side = (placed.size - 1) // placed.layer.stride + 1
        per_place = placed.channels * placed.layer.kernel**2 * placed.layer.size
        count = per_place * side**2 * workload.batch * workload.steps
        backward += count * (2 if forward else 1)
        forward += count
    return forward, backward


class Bound(Trainee):
    """Spends the multiplications, and answers with what it learns: a vector of class scores."""

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.counts = multiplications(workload)
        self.scores = nn.Parameter(torch.zeros(CLASSES))
        self.batch = workload.batch
        generator = torch.Generator().manual_seed(0)
        for name, shape in (("images", (IMAGES, CHANNELS, SIDE, SIDE)), ("weight", (CHANNELS, CHANNELS, 3, 3))):
            values = torch.rand(shape, generator=generator).contiguous(memory_format=torch.channels_last)
            self.register_buffer(name, values)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same scores for every sample."""
        low = torch.is_autocast_enabled() or torch.is_autocast_cpu_enabled()
        dtype = torch.bfloat16 if low else torch.float32
        images, weight = (self.get_buffer(name).to(dtype) for name in ("images", "weight"))
        scores: Tensor = _Spend.apply(self.scores, images, weight, self.counts)
        return scores.expand(self.batch, -1)


class _Spend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, images: Tensor, weight: Tensor, counts: tuple[int, int]) -> Tensor:
        ctx.images, ctx.weight, ctx.backwards = images, weight, counts[1]
        _spend(images, weight, counts[0])
        return scores.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        _spend(ctx.images, ctx.weight, ctx.backwards)
        return gradient, None, None, None


def _spend(images: Tensor, weight: Tensor, count: int) -> None:
    """Multiply so often, in whole images."""
    left = max(1, round(count / PER_IMAGE))
    while left > 0:
        part = images[: min(left, IMAGES)]
        F.conv2d(part, weight, padding=1)
        left -= len(part)
