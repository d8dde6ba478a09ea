"""The integer network: the hub that training writes and everything else reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.block import INPUT, Block, Branch
from lava_spquant.ir.bounds import current_bounds
from lava_spquant.ir.errors import NetworkError, expect
from lava_spquant.ir.limits import INPUT_BITS_MAX
from lava_spquant.ir.neuron import Bounds
from lava_spquant.ir.synapse import Identity

__all__ = ["InputSpec", "Network"]

T = TypeVar("T")


@dataclass(frozen=True)
class InputSpec:
    """Shape and range of what a network reads.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) or (C,), without batch and time.
    bits : int
        1 for spikes, up to 16 for graded values.
    signed : bool
        Graded values in -2**(bits-1)..2**(bits-1)-1 instead of 0..2**bits-1.

    Raises
    ------
    NetworkError
        If a field is out of range.
    """

    shape: Shape
    bits: int = 1
    signed: bool = False

    def __post_init__(self) -> None:
        shape = tuple(self.shape)
        good = len(shape) in (1, 3) and all(isinstance(n, (int, np.integer)) and n >= 1 for n in shape)
        expect(good, "input", "shape", found=self.shape, expected="(C,) or (C, H, W), each at least 1")
        good = isinstance(self.bits, (int, np.integer)) and 1 <= self.bits <= INPUT_BITS_MAX
        expect(good, "input", "bits", found=self.bits, expected=f"1..{INPUT_BITS_MAX}")
        expect(
            not (self.signed and self.bits == 1),
            "input",
            "bits",
            found="1 bit, signed",
            expected="at least 2 bits where signed",
        )
        object.__setattr__(self, "shape", tuple(int(n) for n in shape))
        object.__setattr__(self, "bits", int(self.bits))

    @property
    def bounds(self) -> Bounds:
        """Smallest and largest value."""
        if self.signed:
            return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1
        return 0, 2**self.bits - 1

    def check(self, x: IntArray) -> IntArray:
        """Return `x` as int32 after checking shape (T, N, *shape), whole numbers and range.

        Raises
        ------
        NetworkError
            Naming what was found and what was expected.
        """
        x = np.asarray(x)
        self.check_shape(x)
        # A repeated image is one view at every step: looking at one step is looking at all.
        seen = x[:1] if x.strides[0] == 0 else x
        if x.dtype.kind not in "biu":
            whole = x.dtype.kind == "f" and np.array_equal(seen, np.rint(seen))
            expect(whole, "input", "values", found=f"dtype {x.dtype}", expected="whole numbers")
        low, high = self.bounds
        if x.size and (seen.min() < low or seen.max() > high):
            raise NetworkError(f"input: values: found {seen.min()}..{seen.max()}, expected {low}..{high}")
        return x.astype(np.int32, copy=False)

    def check_shape(self, x: NDArray[Any]) -> None:
        """Raise `NetworkError` unless `x` has the shape (T, N, *shape) with T >= 1."""
        good = x.ndim == len(self.shape) + 2 and x.shape[2:] == self.shape and x.shape[0] > 0
        expected = f"(T, N, {', '.join(str(n) for n in self.shape)}) with T >= 1"
        expect(good, "input", "shape", found=x.shape, expected=expected)


@dataclass(frozen=True, eq=False)
class Network:
    """Blocks in order, each reading earlier blocks or the input; the last one is the output.

    Making one checks shapes and proves that no accumulator, product or current can overflow.

    Parameters
    ----------
    input : InputSpec
    blocks : tuple of Block
        At least one, with unique names.
    name : str
        For tables and files.

    Attributes
    ----------
    shapes : tuple of tuple of int
        Every block's shape, (C, H, W) or (C,).
    depths : tuple of int
        Steps by which every block lags the input in Lava.

    Raises
    ------
    NetworkError
        If the network is inconsistent or could overflow.

    Examples
    --------
    >>> from lava_spquant.ir import Dense, QLif
    >>> first = Block("first", (Branch(Dense([[1, -1], [1, 1]], 1), gain=[40, 40]),), QLif(2048, 64), bias=[0, 0])
    >>> second = Block("second", (Branch(Dense([[1, 1]], 1.58), [64], source=0),), QLif(2048, 64), bias=[3])
    >>> net = Network(InputSpec((2,)), (first, second))
    >>> net.shapes, net.depths
    (((2,), (1,)), (1, 2))
    """

    input: InputSpec
    blocks: tuple[Block, ...]
    name: str = "network"
    shapes: tuple[Shape, ...] = field(init=False)
    depths: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        expect(len(self.blocks) > 0, self.name, "blocks", found=0, expected="at least 1")
        names = [b.name for b in self.blocks]
        expect(len(set(names)) == len(names), self.name, "block names", found=names, expected="unique names")
        shapes: list[Shape] = []
        currents: list[Bounds] = []
        depths: list[int] = []
        for index, block in enumerate(self.blocks):
            self._check_sources(index, block)
            gates = [shapes[gate.source] for gate in block.gates]
            shapes.append(block.check_shape([_at(shapes, b, self.input.shape) for b in block.branches], gates))
            currents.append(current_bounds(block, [self._stream_bounds(b, currents) for b in block.branches]))
            # A gate's spikes go straight into the neurons, in the step in which they are sent.
            lags = [_at(depths, b, 0) + _lag(b) for b in block.branches]
            depths.append(max(*lags, *(depths[gate.source] for gate in block.gates), 0))
        object.__setattr__(self, "shapes", tuple(shapes))
        object.__setattr__(self, "depths", tuple(depths))

    def _check_sources(self, index: int, block: Block) -> None:
        for branch in block.branches:
            expect(
                branch.source < index,
                f"block {block.name!r}",
                "source",
                found=branch.source,
                expected=f"an earlier block than {index}",
            )
            if branch.source == INPUT:
                expect(
                    branch.output is None,
                    f"block {block.name!r}",
                    "output",
                    found=branch.output,
                    expected="none: the input has one stream",
                )
            else:
                self.blocks[branch.source].output_name(branch.output)
        where = f"block {block.name!r}"
        for gate in block.gates:
            expect(gate.source < index, where, "gate", found=gate.source, expected=f"an earlier block than {index}")
            sent = self.blocks[gate.source].output_name()
            expect(sent == "spikes", where, "gate", found=f"a source of {sent} values", expected="one that spikes")

    def _stream_bounds(self, branch: Branch, currents: list[Bounds]) -> Bounds:
        if branch.source == INPUT:
            return self.input.bounds
        source = self.blocks[branch.source]
        return source.neuron.output_bounds(source.output_name(branch.output), currents[branch.source])

    def stream_bounds(self) -> list[list[Bounds]]:
        """Return, per block and branch, the range of the stream that the branch reads."""
        currents: list[Bounds] = []
        result = []
        for block in self.blocks:
            result.append([self._stream_bounds(b, currents) for b in block.branches])
            currents.append(current_bounds(block, result[-1]))
        return result

    @property
    def output_shape(self) -> Shape:
        """Shape of the last block."""
        return self.shapes[-1]

    @property
    def num_neurons(self) -> int:
        """Neurons in all blocks."""
        return sum(math.prod(shape) for shape in self.shapes)


def _at(values: Sequence[T], branch: Branch, of_input: T) -> T:
    """Return the value that belongs to what a branch reads."""
    return of_input if branch.source == INPUT else values[branch.source]


def _lag(branch: Branch) -> int:
    """Return 1: a synapse hands on what it received one step ago. An input straight into neurons has none: 0."""
    return 0 if branch.source == INPUT and isinstance(branch.synapse, Identity) else 1
