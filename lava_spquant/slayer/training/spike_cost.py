"""A price on the synaptic operations that spikes cause: a network learns to keep within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lava_spquant.slayer.block import Gated, Pool
from lava_spquant.slayer.export import deployed_blocks
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import Cuba, QLif
from lava_spquant.slayer.norm import sum_over_processes
from lava_spquant.slayer.training.shares import process_count
from lava_spquant.slayer.training.watch import Watch

__all__ = ["SpikeCost"]


class _Number(torch.autograd.Function):
    """How many values are not 0; each counts once, however large, with the gradient of their sum."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.shape, ctx.dtype = values.shape, values.dtype
        return torch.count_nonzero(values).float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0].to(ctx.dtype).expand(ctx.shape)


class SpikeCost(Watch):
    """Counts the synaptic operations that a model's spikes cause, and judges those of its last forward pass.

    Unlike a target rate this leaves it to training in which layer spikes are worth their operations. Gates count as
    open: operations into neurons that predictors close are priced although they do not happen.

    Parameters
    ----------
    model : SpikingNetwork
    costs : sequence of float
        Synaptic operations that one value of each block of the integer network causes, where it is not 0; see
        `lava_spquant.report.spike_costs`.
    target : float
        Synaptic operations per sample that are free, over all of its time steps; more than 0.

    Raises
    ------
    ValueError
        If there are not as many costs as blocks, or the target is not above 0.
    """

    def __init__(self, model: SpikingNetwork, costs: Sequence[float], target: float) -> None:
        parts = deployed_blocks(list(model))
        if len(costs) != len(parts) or not target > 0:
            raise ValueError(
                f"spike cost: found {len(costs)} costs and a target of {target:g}, "
                f"expected one for each of {len(parts)} blocks, and more than 0"
            )
        self.target = target
        self.spent: list[Tensor] = []
        hooks: list[tuple[nn.Module, Any]] = []
        prices: dict[nn.Module, float] = {}
        for part, cost in zip(parts, costs, strict=True):
            # Pools are called as blocks; of other blocks the neuron is what every way of training calls.
            prices[part.block if isinstance(part.block, Pool) else part.block.neuron] = cost
        for module in model.modules():
            # A gated block has its neuron respond to a current, which no hook of the neuron's sees.
            watched: nn.Module = module.neuron if isinstance(module, Gated) else module  # type: ignore[assignment]
            cost = prices.get(watched, 0.0)
            if cost:
                hooks.append((module, self._note(cost)))
        super().__init__(hooks)

    def end(self) -> None:
        """Watch no longer, and forget what was noted."""
        super().end()
        self.spent = []

    def _note(self, cost: float) -> Any:
        def note(module: nn.Module, inputs: Any, sent: Any) -> None:
            if module.training and torch.is_grad_enabled():
                values = sent[0] if isinstance(sent, tuple) else sent
                # Spikes are 0 and 1; a threshold may send graded values for some epochs.
                spikes = isinstance(module, (Cuba, QLif))
                self.spent.append(cost * (values.sum(dtype=torch.float32) if spikes else _Number.apply(values)))

        return note

    def penalty(self, samples: int, weight: float = 1.0) -> Tensor:
        """Return by what share the operations per sample exceed the target, at least 0, and forget them.

        Parameters
        ----------
        samples : int
            In the last forward pass.
        weight : float
            Of this process's samples in the mean over processes; whether the target is met is judged by the whole
            batch, so that several processes learn what one would.

        Raises
        ------
        ValueError
            If no neuron spiked or could have, for want of a forward pass.
        """
        if not self.spent:
            raise ValueError("spike cost: found no spiking neuron in the forward pass, expected at least one")
        spent = torch.stack(self.spent).sum() * (weight / samples)
        self.spent = []
        above = sum_over_processes(spent.detach()) / process_count() > self.target
        return (spent / self.target - weight) * above
