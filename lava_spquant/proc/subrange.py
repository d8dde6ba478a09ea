"""Parts of a network, and networks that read other messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lava_spquant import ir
from lava_spquant.ir.errors import NetworkError, expect
from lava_spquant.ir.limits import INPUT_BITS_MAX
from lava_spquant.proc.stream import Stream

__all__ = ["layer_positions", "subrange", "with_input_bits"]


def layer_positions(network: ir.Network) -> list[int]:
    """Return the place of every block among the layers of a file, as lava-dl counts them.

    A block is one layer, and the flattening in front of a dense synapse that reads a (C, H, W)
    stream is another.
    """
    positions: list[int] = []
    count = 0
    for block in network.blocks:
        count += _flattens(network, block)
        positions.append(count)
        count += 1
    return positions


def subrange(network: ir.Network, num_layers: int | None, skip_layers: int) -> ir.Network:
    """Return the blocks of the first `num_layers` layers without those of the first `skip_layers`.

    Parameters
    ----------
    network : ir.Network
    num_layers : int or None
        None takes all.
    skip_layers : int

    Returns
    -------
    ir.Network
        It reads what the last block left out sends, or the input where none is.

    Raises
    ------
    NetworkError
        If nothing is left, or the blocks left out feed the others with more than one stream, or gate
        them: a gate reads a block that spikes, which the input is not.
    """
    positions = layer_positions(network)
    end = positions[-1] + 1 if num_layers is None else num_layers
    kept = [i for i, position in enumerate(positions) if skip_layers <= position < end]
    found = f"num_layers {num_layers} and skip_layers {skip_layers}"
    expect(skip_layers >= 0 and len(kept) > 0, network.name, "layers", found=found, expected=f"a part of {end} layers")
    first, last = kept[0], kept[-1]
    if first == 0 and last == len(network.blocks) - 1 and skip_layers == 0:
        return network
    flat = _flattens(network, network.blocks[first]) and skip_layers == positions[first]
    return _cut(network, first, last + 1, flat=flat)


def _flattens(network: ir.Network, block: ir.Block) -> bool:
    return any(isinstance(b.synapse, ir.Dense) and len(_shape(network, b.source)) == 3 for b in block.branches)


def _shape(network: ir.Network, source: int) -> ir.Shape:
    return network.input.shape if source == ir.INPUT else network.shapes[source]


def _cut(network: ir.Network, first: int, end: int, *, flat: bool) -> ir.Network:
    outside = {
        (branch.source, branch.output): (index, position)
        for index in range(first, end)
        for position, branch in enumerate(network.blocks[index].branches)
        if branch.source < first
    }
    _check_gates(network, first, end)
    expect(len(outside) == 1, network.name, "streams into the layers kept", found=len(outside), expected="1")
    ((source, _), (index, position)) = next(iter(outside.items()))
    shape = _shape(network, source)
    bounds = network.stream_bounds()[index][position]
    spec = _input_spec((int(np.prod(shape)),) if flat else shape, bounds, network.name)
    blocks = [
        replace(
            block,
            branches=tuple(_rewired(branch, first) for branch in block.branches),
            gates=tuple(ir.Gate(gate.source - first) for gate in block.gates),
        )
        for block in network.blocks[first:end]
    ]
    return ir.Network(spec if source != ir.INPUT or flat else network.input, tuple(blocks), network.name)


def _check_gates(network: ir.Network, first: int, end: int) -> None:
    for block in network.blocks[first:end]:
        for gate in block.gates:
            expect(
                gate.source >= first,
                network.name,
                "gates of the layers kept",
                found=f"block {block.name!r} gated by {network.blocks[gate.source].name!r}, which is left out",
                expected="only gates that are kept too",
            )


def _rewired(branch: ir.Branch, first: int) -> ir.Branch:
    if branch.source < first:
        return replace(branch, source=ir.INPUT, output=None)
    return replace(branch, source=branch.source - first)


def _input_spec(shape: ir.Shape, bounds: tuple[int, int], name: str) -> ir.InputSpec:
    bits = max(Stream(shape, bounds).message_bits, 1)
    expect(
        bits <= INPUT_BITS_MAX,
        name,
        "layers",
        found=f"a cut through {bits}-bit messages",
        expected=f"at most {INPUT_BITS_MAX} bits",
    )
    return ir.InputSpec(shape, bits, signed=bounds[0] < 0)


def with_input_bits(network: ir.Network, bits: int) -> ir.Network:
    """Return `network` reading messages of `bits` bits, proven anew.

    Raises
    ------
    NetworkError
        If it could overflow with them.
    """
    try:
        spec = replace(network.input, bits=bits, signed=network.input.signed and bits > 1)
        return replace(network, input=spec)
    except NetworkError as error:
        raise NetworkError(f"{network.name}: input_message_bits {bits}: {error}") from error
