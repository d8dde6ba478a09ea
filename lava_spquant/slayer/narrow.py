"""A trained model without some of its channels: what pruning leaves, ready to be trained further."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.slayer.export import deployed_blocks
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["narrow", "narrow_to"]


def narrow(model: SpikingNetwork, keep: Sequence[ir.Keep]) -> None:
    """Remove channels from every tensor that has them, in place.

    Weights of their own block and of all that read it, batch-norm, biases, learned thresholds and scales. An optimiser
    made before holds the old parameters.

    Parameters
    ----------
    model : SpikingNetwork
    keep : sequence of numpy.ndarray, bool (C,)
        One for each of `ir.widths(model.to_ir())`, in its order.

    Raises
    ------
    NetworkError
        If `keep` does not fit, a fixed width would change, or a width would lose all.
    ValueError
        If a convolution trains direction and length of its weights apart.
    """
    network = model.to_ir()
    # Both before anything changes: a model is narrowed whole or not at all.
    ir.remove_channels(network, keep)
    if any(isinstance(module, WeightedSynapse) and module.weight_norm_enabled for module in model.modules()):
        raise ValueError("narrow: weight_norm: found True, expected False: direction and length are apart")
    kept = {ir.INPUT: np.arange(network.input.shape[0])}
    for width, mask in zip(ir.widths(network), keep, strict=True):
        kept |= dict.fromkeys(width.blocks, np.flatnonzero(mask))
    shapes = {ir.INPUT: network.input.shape, **dict(enumerate(network.shapes))}
    for index, (block, _, sources, _) in enumerate(deployed_blocks(list(model))):
        rows = torch.from_numpy(kept[index])
        for branch, deployed, source in zip(block.branches, network.blocks[index].branches, sources, strict=True):
            flat = isinstance(deployed.synapse, ir.Dense)
            columns = _values(kept[source], shapes[source]) if flat else kept[source]
            branch.narrow(rows, torch.from_numpy(columns))
        block.neuron.narrow(rows)


def _values(channels: NDArray[np.int64], shape: ir.Shape) -> NDArray[np.int64]:
    """Return the places of these channels in a flattened (C, H, W)."""
    size = int(np.prod(shape[1:], dtype=np.int64))
    places: NDArray[np.int64] = (channels[:, None] * size + np.arange(size)).reshape(-1)
    return places


def narrow_to(model: SpikingNetwork, channels: Sequence[int]) -> None:
    """Narrow a model to so many channels per width, whichever they are: room for a narrowed model's parameters.

    Parameters
    ----------
    model : SpikingNetwork
    channels : sequence of int
        One for each of `ir.widths(model.to_ir())`, in its order.

    Raises
    ------
    ValueError
        If their number does not fit, or a width has fewer.
    """
    widths = ir.widths(model.to_ir())
    if len(channels) != len(widths):
        raise ValueError(f"model: channels: found {len(channels)}, expected {len(widths)}, one per width")
    for width, count in zip(widths, channels, strict=True):
        if not 1 <= count <= width.channels:
            raise ValueError(f"model: channels: found {count}, expected 1..{width.channels}")
    narrow(model, [np.arange(width.channels) < count for width, count in zip(widths, channels, strict=True)])
