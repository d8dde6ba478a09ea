"""The layers of a network that is one Process: handles on its Vars."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from lava.magma.core.process.variable import Var

from lava_spquant.ir import Block, Network, Shape
from lava_spquant.proc.axes import lava_shape
from lava_spquant.proc.fused.process import FusedNetwork
from lava_spquant.proc.stream import connections

__all__ = ["FusedLayer", "fused_layers"]


@dataclass(frozen=True, eq=False)
class FusedLayer:
    """One block inside a `FusedNetwork`, named as a `Block` names its parts.

    Attributes
    ----------
    ir : lava_spquant.ir.Block
    name : str
    shape : tuple of int
        (W, H, C) or (C,).
    neuron : SimpleNamespace
        With Vars `v` and `u`, as far as the neurons have them: `get()`, `set()` and a Monitor work on them.
    out : Var
        What the block sent at the last step. A Monitor records from it what it records from the OutPort
        of a `Block`.
    input_message_bits, output_message_bits : int
        0 for spikes.
    """

    ir: Block
    name: str
    shape: Shape
    neuron: SimpleNamespace
    out: Var
    input_message_bits: int
    output_message_bits: int


def fused_layers(network: Network, process: FusedNetwork) -> list[FusedLayer]:
    """Return the layers of `network` as `process` holds them."""
    layers = []
    for index, (block, ends) in enumerate(zip(network.blocks, connections(network), strict=True)):
        states = {name: getattr(process, f"{name}_{index}") for name in block.neuron.state_names}
        layers.append(
            FusedLayer(
                ir=block,
                name=block.name,
                shape=lava_shape(network.shapes[index]),
                neuron=SimpleNamespace(**states),
                out=getattr(process, f"out_{index}"),
                input_message_bits=ends.inputs[0].message_bits,
                output_message_bits=ends.output.message_bits,
            )
        )
    return layers
