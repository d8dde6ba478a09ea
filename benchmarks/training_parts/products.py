"""No network: the multiplications of its convolutions, as the matrix products that torch computes fastest.

Whoever computes these multiplications in this precision cannot take less time than they do here, unless torch's matrix
products leave something of the processor unused. What a library takes above it is its own.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from training_parts.trainee import Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["Products", "multiplications"]

SIDE = 1024
"""Of square matrices that stay in the processor's caches."""


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


class Products(Trainee):
    """Spends the multiplications, and answers with what it learns: a vector of class scores."""

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.counts = multiplications(workload)
        self.scores = nn.Parameter(torch.zeros(CLASSES))
        self.batch = workload.batch
        self.register_buffer("matrix", torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the same scores for every sample."""
        low = torch.is_autocast_enabled() or torch.is_autocast_cpu_enabled()
        matrix = self.get_buffer("matrix").to(torch.bfloat16 if low else torch.float32)
        scores: Tensor = _Spend.apply(self.scores, matrix, self.counts)
        return scores.expand(self.batch, -1)


class _Spend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, matrix: Tensor, counts: tuple[int, int]) -> Tensor:
        ctx.matrix, ctx.backwards = matrix, counts[1]
        _spend(matrix, counts[0])
        return scores.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        _spend(ctx.matrix, ctx.backwards)
        return gradient, None, None


def _spend(matrix: Tensor, count: int) -> None:
    """Multiply so often, in whole rows."""
    rows = math.ceil(count / SIDE**2)
    out = torch.empty_like(matrix)
    while rows > 0:
        part = min(rows, SIDE)
        torch.mm(matrix[:part], matrix, out=out[:part])
        rows -= part
