"""What NetX layers say about a synapse beside the fields of `ir`, and what of it is judged before it is made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.synapse.window import padding_values
from lava_spquant.netx.errors import Place
from lava_spquant.netx.node import Node

__all__ = ["SIZES", "expected_weight", "take_padding"]

Sizes = dict[str, tuple[int, ...]]


def _dense(synapse: ir.Synapse) -> Sizes:
    assert isinstance(synapse, ir.Dense)
    out_features, in_features = synapse.weight.shape
    return {"inFeatures": (in_features,), "outFeatures": (out_features,)}


def _conv(synapse: ir.Synapse) -> Sizes:
    assert isinstance(synapse, ir.Conv)
    out_channels, per_group = synapse.weight.shape[:2]
    return {
        "inChannels": (per_group * synapse.groups,),
        "outChannels": (out_channels,),
        "kernelSize": synapse.kernel,
    }


SIZES: dict[str, Callable[[ir.Synapse], Sizes]] = {"dense": _dense, "conv": _conv}
"""By kind, the fields that follow from the weights: written for lava-dl, and checked when read."""


def expected_weight(kind: str, source: ir.Shape, shape: ir.Shape, place: Place) -> ir.Shape:
    """Return the weight shape, -1 where any length fits, that the shapes around a layer leave possible.

    Parameters
    ----------
    kind : str
        Kind of a synapse that has weights.
    source, shape : tuple of int
        Of what the layer reads, and of the layer.
    place : Place

    Raises
    ------
    NetXError
        If the layer's shape has the wrong number of axes.
    """
    if kind == "conv":
        place.expect(len(shape) == 3, "shape", found=shape, expected="(C, H, W)")
        return (shape[0], -1, -1, -1)
    place.expect(len(shape) == 1, "shape", found=shape, expected="(C,)")
    return (shape[0], int(np.prod(source, dtype=np.int64)))


def take_padding(node: Node, synapse: ir.Synapse, source: ir.Shape) -> None:
    """Count the padding of a synapse among the neurons of the file.

    Parameters
    ----------
    node : Node
        What the synapse was read from.
    synapse : Synapse
    source : tuple of int
        Shape of what it reads, one that fits it.

    Raises
    ------
    NetXError
        If they are more than what is left.
    """
    if isinstance(synapse, (ir.Conv, ir.SumPool)):
        node.take_padding(padding_values(source, synapse.padding))
