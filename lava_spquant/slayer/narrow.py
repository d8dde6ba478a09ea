"""A trained model without some of its channels: what pruning leaves, ready to be trained further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        If a convolution trains direction and length of its weights apart, `block.Average` would lose inputs, or so few
        channels would stay that other blocks would hang together than before (see `ir.Width.least`).
    """
    network = model.to_ir()
    kept = {ir.INPUT: np.arange(network.input.shape[0])}
    # All of it before anything changes: a model is narrowed whole or not at all.
    smaller = ir.remove_channels(network, keep)
    for width, mask in zip(ir.widths(network), keep, strict=True):
        kept |= dict.fromkeys(width.blocks, np.flatnonzero(mask))
    _check_modules(model, network, kept)
    _check_widths(network, smaller)
    shapes = {ir.INPUT: network.input.shape, **dict(enumerate(network.shapes))}
    for index, (block, _, sources, _) in enumerate(deployed_blocks(list(model))):
        rows = torch.from_numpy(kept[index])
        for branch, deployed, source in zip(block.branches, network.blocks[index].branches, sources, strict=True):
            flat = isinstance(deployed.synapse, ir.Dense)
            columns = _values(kept[source], shapes[source]) if flat else kept[source]
            branch.narrow(rows, torch.from_numpy(columns))
        block.neuron.narrow(rows)


def _check_modules(model: SpikingNetwork, network: ir.Network, kept: Mapping[int, NDArray[np.int64]]) -> None:
    """Raise `ValueError` if a synapse cannot do without what is to go."""
    if any(isinstance(module, WeightedSynapse) and module.weight_norm_enabled for module in model.modules()):
        raise ValueError("narrow: weight_norm: found True, expected False: direction and length are apart")
    shapes = {ir.INPUT: network.input.shape, **dict(enumerate(network.shapes))}
    for block, name, sources, _ in deployed_blocks(list(model)):
        for branch, source in zip(block.branches, sources, strict=True):
            found, channels = len(kept[source]), shapes[source][0]
            if branch.synapse.needs_all_inputs and found < channels:
                raise ValueError(
                    f"narrow: block {name!r}: input channels to keep: found {found}, expected all {channels}: which "
                    "output an input counts for follows from its place"
                )


def _check_widths(network: ir.Network, smaller: ir.Network) -> None:
    """Raise `ValueError` unless the same blocks hang together as before.

    A recipe names one number per width (`model.channels`), which would not fit the network that it is for.
    """
    before, after = ir.widths(network), ir.widths(smaller)
    if [width.blocks for width in before] == [width.blocks for width in after]:
        return
    few = (width for width in before if smaller.shapes[width.blocks[0]][0] < width.least)
    names = ", ".join(repr(network.blocks[width.blocks[0]].name) for width in few)
    raise ValueError(
        f"narrow: widths: found {len(after)} in the smaller network, expected {len(before)} as before: at least 2 "
        f"channels have to stay of {names}, which a depthwise convolution or a gate of one cell counts on"
    )


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
        If their number does not fit, or a width has fewer; see also `narrow`.
    """
    network = model.to_ir()
    widths = ir.widths(network)
    names = [network.blocks[width.blocks[0]].name for width in widths]
    if len(channels) != len(widths):
        every = ", ".join(
            f"{name} {width.channels}{' (fixed)' if width.fixed else ''}"
            for name, width in zip(names, widths, strict=True)
        )
        raise ValueError(
            f"model: channels: found {len(channels)}, expected {len(widths)}, one per width, at most: {every}"
        )
    for name, width, count in zip(names, widths, channels, strict=True):
        if not 1 <= count <= width.channels:
            raise ValueError(f"model: channels of {name}: found {count}, expected 1..{width.channels}")
    narrow(model, [np.arange(width.channels) < count for width, count in zip(widths, channels, strict=True)])
