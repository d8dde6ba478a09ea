"""Spikes that come gradually: a network that learns with graded values first."""

from __future__ import annotations

from torch import nn

from lava_spquant.slayer.training.raised import threshold_neurons

__all__ = ["GradualSpikes"]


class GradualSpikes:
    """Lets stateless neurons, but predictors', begin with graded values and end with spikes.

    A spike's gradient is a guess, a graded value's is exact: what a network learns by the one is where it begins to
    learn by the other.

    Parameters
    ----------
    model : torch.nn.Module
    epochs : float
        Over which `ThresholdNeuron.graded` falls from 1 to 0, evenly.

    Raises
    ------
    ValueError
        If the model has no stateless threshold.
    """

    def __init__(self, model: nn.Module, epochs: float) -> None:
        self.neurons = threshold_neurons(model)
        if not self.neurons:
            raise ValueError(
                f"training: graded_epochs: found {epochs:g} for a network without stateless thresholds, expected 0"
            )
        self.epochs = epochs

    def prepare(self, epoch: float) -> None:
        """Set what a batch that begins at `epoch`, counted from 0.0, sends."""
        for neuron in self.neurons:
            neuron.graded = max(0.0, 1 - epoch / self.epochs)
