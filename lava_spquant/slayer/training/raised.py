"""Thresholds that are higher in some batches: a network that keeps its accuracy when they are raised later."""

from __future__ import annotations

import torch
from torch import nn

from lava_spquant.slayer.block import Pool
from lava_spquant.slayer.block.predictor import Predictor
from lava_spquant.slayer.neuron import ThresholdNeuron
from lava_spquant.slayer.stream import SPIKES

__all__ = ["RaisedThresholds", "threshold_neurons"]


def threshold_neurons(model: nn.Module) -> list[ThresholdNeuron]:
    """Return the stateless neurons of a model, but not those of its predictors and of maxima of spikes.

    These decide and do not fire, or say only what other neurons have decided.
    """
    apart = (module for module in model.modules() if isinstance(module, Predictor) or _is_max_pool(module))
    deciding = {inner for module in apart for inner in module.modules()}
    neurons = (module for module in model.modules() if isinstance(module, ThresholdNeuron))
    return [neuron for neuron in neurons if neuron not in deciding]


def _is_max_pool(module: nn.Module) -> bool:
    return isinstance(module, Pool) and all(branch.reads == SPIKES for branch in module.branches)


class RaisedThresholds:
    """Raises the thresholds of all stateless neurons but predictors' by one random amount per batch.

    Parameters
    ----------
    model : torch.nn.Module
    largest : float
        Amounts are uniform in 0..largest, in units of the neurons' current, as `lava_spquant.workflow.sweep` has them.
    seed : int
        Batch b draws from `seed` and b alone, in every process.

    Raises
    ------
    ValueError
        If the model has no stateless threshold.
    """

    def __init__(self, model: nn.Module, largest: float, seed: int) -> None:
        self.neurons = threshold_neurons(model)
        if not self.neurons:
            raise ValueError(
                f"training: threshold_raise: found {largest:g} for a network without stateless thresholds, expected 0"
            )
        self.largest, self.seed = largest, seed

    def draw(self, number: int) -> float:
        """Raise the thresholds for the batch of this number, and return by how much."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number + 1)
        raised = self.largest * float(torch.rand((), generator=generator))
        for neuron in self.neurons:
            neuron.raised = raised
        return raised
