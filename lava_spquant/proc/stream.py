"""What travels along a connection."""

from __future__ import annotations

from dataclasses import dataclass

from lava_spquant.ir import INPUT, Network, Shape
from lava_spquant.ir.bounds import current_bounds
from lava_spquant.ir.neuron import Bounds
from lava_spquant.proc.axes import lava_shape

__all__ = ["Connections", "Stream", "connections"]


@dataclass(frozen=True)
class Stream:
    """Shape and range of the messages on a connection.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) or (C,), as in the integer network.
    bounds : (int, int)
        Smallest and largest value.

    Examples
    --------
    >>> Stream((3, 4, 5), (0, 1)).message_bits, Stream((2,), (0, 255)).message_bits, Stream((2,), (-3, 4)).message_bits
    (0, 8, 4)
    """

    shape: Shape
    bounds: Bounds

    @property
    def port_shape(self) -> Shape:
        """(W, H, C) or (C,)."""
        return lava_shape(self.shape)

    @property
    def message_bits(self) -> int:
        """Lava's `num_message_bits`: 0 for spikes, else the width of the graded value, sign included."""
        low, high = self.bounds
        if low >= 0 and high <= 1:
            return 0
        sign = int(low < 0)
        return max(high.bit_length(), (-low - 1).bit_length() if sign else 0) + sign


@dataclass(frozen=True)
class Connections:
    """What one block reads and sends.

    Attributes
    ----------
    inputs : tuple of Stream
        One per branch.
    gates : tuple of Stream
        One per gate.
    output : Stream
    """

    inputs: tuple[Stream, ...]
    gates: tuple[Stream, ...]
    output: Stream


def connections(network: Network) -> list[Connections]:
    """Return the streams into and out of every block."""
    result = []
    for block, bounds, shape in zip(network.blocks, network.stream_bounds(), network.shapes, strict=True):
        shapes = [network.input.shape if b.source == INPUT else network.shapes[b.source] for b in block.branches]
        sent = block.neuron.output_bounds(block.output_name(), current_bounds(block, bounds))
        inputs = tuple(Stream(s, b) for s, b in zip(shapes, bounds, strict=True))
        gates = tuple(Stream(network.shapes[gate.source], (0, 1)) for gate in block.gates)
        result.append(Connections(inputs, gates, Stream(shape, sent)))
    return result
