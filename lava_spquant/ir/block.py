"""Branches and blocks: what feeds a group of neurons, and the neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape, frozen_ints
from lava_spquant.ir.errors import expect
from lava_spquant.ir.gate import Gate, check_gate_shape
from lava_spquant.ir.limits import GAIN_MAX, SHIFT_MAX, STATE_BITS
from lava_spquant.ir.neuron import Cuba, Neuron
from lava_spquant.ir.synapse import Synapse

__all__ = ["INPUT", "Block", "Branch"]

INPUT = -1
"""The source of a branch that reads the network's input."""


@dataclass(frozen=True, eq=False)
class Branch:
    """One synapse into a block, with the gain that turns accumulators into membrane units.

    Parameters
    ----------
    synapse : Synapse
    gain : array_like of int, shape (C,)
        One int16 per output channel of the block.
    shift : int
        Right shift after the gain, rounding to nearest; 0..31.
    source : int
        Index of the block whose stream is read, or `INPUT`. It must come earlier in the network.
    output : str, optional
        Name of the source's stream; None means its first one.

    Raises
    ------
    NetworkError
        If a field is out of range.
    """

    synapse: Synapse
    gain: IntArray
    shift: int = 0
    source: int = INPUT
    output: str | None = None

    def __post_init__(self) -> None:
        gain = frozen_ints(self.gain, np.int16, "branch", "gain")
        expect(gain.ndim == 1 and gain.size > 0, "branch", "gain shape", found=gain.shape, expected="(C,)")
        expect(bool(np.all(gain >= -GAIN_MAX)), "branch", "gain", found=gain.min(), expected=f"at least {-GAIN_MAX}")
        good = isinstance(self.shift, (int, np.integer)) and 0 <= self.shift <= SHIFT_MAX
        expect(good, "branch", "shift", found=self.shift, expected=f"a whole number in 0..{SHIFT_MAX}")
        whole = isinstance(self.source, (int, np.integer)) and self.source >= INPUT
        expect(whole, "branch", "source", found=self.source, expected="a block index, or -1 for the input")
        object.__setattr__(self, "gain", gain)


@dataclass(frozen=True, eq=False)
class Block:
    """Branches that add up into one group of neurons.

    Parameters
    ----------
    name : str
        Unique in the network; names the block in errors, tables and traces.
    branches : tuple of Branch
        At least one.
    neuron : Neuron
    bias : array_like of int, shape (C,) or the block's shape
        int32 membrane units, added at every step.
    frac_bits : int
        F: a membrane potential of 1.0 in training is `2**F` membrane units; 0..22.
    gates : tuple of Gate
        What lets the current pass; by default it always does. A CUBA neuron can have none: its bias is added behind
        its current.

    Raises
    ------
    NetworkError
        If a field is out of range.

    Examples
    --------
    >>> from lava_spquant.ir import Dense, QLif
    >>> branch = Branch(Dense([[1, -1]], 1), gain=[64])
    >>> Block("first", (branch,), QLif(decay=2048, vth=64), bias=[0], frac_bits=6).num_channels
    1
    """

    name: str
    branches: tuple[Branch, ...]
    neuron: Neuron
    bias: IntArray
    frac_bits: int = 6
    gates: tuple[Gate, ...] = ()

    def __post_init__(self) -> None:
        where = f"block {self.name!r}"
        expect(bool(self.name), "block", "name", found=repr(self.name), expected="some text")
        expect(len(self.branches) > 0, where, "branches", found=0, expected="at least 1")
        good = isinstance(self.frac_bits, (int, np.integer)) and 0 <= self.frac_bits < STATE_BITS - 1
        expect(good, where, "frac_bits", found=self.frac_bits, expected=f"0..{STATE_BITS - 2}")
        gated = bool(self.gates) and isinstance(self.neuron, Cuba)
        expect(not gated, where, "gates", found=len(self.gates), expected="none for a CUBA neuron")
        object.__setattr__(self, "branches", tuple(self.branches))
        object.__setattr__(self, "gates", tuple(self.gates))
        object.__setattr__(self, "bias", frozen_ints(self.bias, np.int32, where, "bias"))

    @property
    def num_channels(self) -> int:
        """Output channels, the length of every gain."""
        return int(self.branches[0].gain.size)

    def output_name(self, wanted: str | None = None) -> str:
        """Return the stream `wanted`, or the first one that the neuron offers.

        Raises
        ------
        NetworkError
            If the neuron does not offer it.
        """
        name = self.neuron.outputs[0] if wanted is None else wanted
        expect(
            name in self.neuron.outputs,
            f"block {self.name!r}",
            "output",
            found=name,
            expected=f"one of {self.neuron.outputs}",
        )
        return name

    def check_shape(self, shapes: list[Shape], gates: Sequence[Shape] = ()) -> Shape:
        """Return the block's shape, given every branch's source shape, and those of all gates.

        Raises
        ------
        NetworkError
            If branches disagree, or gain, bias or a gate do not match the shape.
        """
        where = f"block {self.name!r}"
        results = [b.synapse.output_shape(s) for b, s in zip(self.branches, shapes, strict=True)]
        expect(len(set(results)) == 1, where, "branch shapes", found=results, expected="one shape")
        shape = results[0]
        for i, branch in enumerate(self.branches):
            expect(
                branch.gain.size == shape[0], where, f"gain of branch {i}", found=branch.gain.size, expected=shape[0]
            )
        good = self.bias.shape in ((shape[0],), shape)
        expect(good, where, "bias shape", found=self.bias.shape, expected=f"{(shape[0],)} or {shape}")
        for gate in gates:
            check_gate_shape(gate, shape, where)
        return shape


def constant_gain(value: int, channels: int) -> IntArray:
    """Return a gain of `value` for every one of `channels`."""
    return np.full(channels, value, dtype=np.int16)
