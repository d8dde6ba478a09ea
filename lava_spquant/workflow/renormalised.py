"""Raised thresholds with batch-norm that knows of them: nothing is trained, and far less is lost."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from lava_spquant import ir
from lava_spquant.data import EventSplit, ImageSplit
from lava_spquant.data.tensor import as_torch, encoder
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.norm import on_the_whole_batch, renormalise
from lava_spquant.slayer.training import threshold_neurons
from lava_spquant.workflow.sweep import raise_thresholds

__all__ = ["Renormalised", "calibration_batches", "settle"]

BATCH, SETTLE_SAMPLES = 250, 5000


class Renormalised:
    """Raises the thresholds of a trained single-step network, and measures its batch-norm statistics anew.

    Fewer spikes shift and shrink the currents of every layer behind them. Batch-norm takes that back, as it does in
    training; folded into gains and biases it costs the deployed network nothing.

    Parameters
    ----------
    model : SpikingNetwork
        Left as it is.
    batches : sequence of Tensor, NCHWT
        Inputs to measure statistics on, without labels; at least one.

    Raises
    ------
    ValueError
        If there are no inputs, or the model has no stateless threshold, or a membrane beside them.
    """

    def __init__(self, model: SpikingNetwork, batches: Sequence[Tensor]) -> None:
        if not batches or not threshold_neurons(model):
            found = f"{len(batches)} batches and {len(threshold_neurons(model))} stateless thresholds"
            raise ValueError(f"sweep: renormalise: found {found}, expected at least one of each")
        stateful = [block.name for block in model.to_ir().blocks if isinstance(block.neuron, (ir.QLif, ir.Cuba))]
        if stateful:
            raise ValueError(f"sweep: renormalise: found a membrane in block {stateful[0]!r}, expected none")
        self.model, self.batches = model, batches

    def __call__(self, network: ir.Network, by: float) -> ir.Network:
        """Return the integer network with its thresholds raised by `by`; raised by 0 it is `network` itself.

        Parameters
        ----------
        network : ir.Network
            The model's.
        by : float
            At least 0, in units of current.
        """
        if by == 0:
            return network
        model = copy.deepcopy(self.model)
        for neuron in threshold_neurons(model):
            neuron.raised = by
        renormalise(model, self.batches)
        return raise_thresholds(model.to_ir(), by)


def settle(model: SpikingNetwork, split: ImageSplit | EventSplit, steps: int) -> None:
    """Give batch-norm the statistics that it has with no threshold raised, after training with some that were.

    Running statistics are a mean over all raises, which fits none of them.

    Parameters
    ----------
    model : SpikingNetwork
    split : ImageSplit or EventSplit
        What the model was trained on.
    steps : int
        T.
    """
    for neuron in threshold_neurons(model):
        neuron.raised = neuron.graded = 0.0
    # Every process sees the same inputs.
    with on_the_whole_batch():
        renormalise(model, calibration_batches(split, SETTLE_SAMPLES, steps))


def calibration_batches(split: ImageSplit | EventSplit, samples: int, steps: int) -> list[Tensor]:
    """Return inputs of that many samples, drawn at random but always alike, as a network reads them.

    Parameters
    ----------
    split : ImageSplit or EventSplit
    samples : int
        All of them, where there are fewer.
    steps : int
        T.
    """
    rows = np.sort(np.random.default_rng(0).permutation(len(split))[:samples])
    some = split.take(rows)
    inputs = encoder(some, steps)(as_torch(some).tensors[0])
    # Of nearly one size, because `renormalise` lets each count alike.
    return list(inputs.tensor_split(-(-len(inputs) // BATCH)))
