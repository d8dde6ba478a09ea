"""Hypothesis strategies for valid networks and inputs, and seeded ones for executors too slow for them.

Example::

    @given(st.data())
    def test_my_executor(data):
        network = data.draw(networks(Knobs(neurons=("qlif",))))
        x = data.draw(inputs_for(network))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from lava_spquant import ir
from tests.random_networks import Choices, Knobs, build_network

__all__ = ["ANY", "Knobs", "cases", "inputs_for", "networks", "random_input", "random_network"]

T = TypeVar("T")

ANY = Knobs()
"""Everything that a network may hold."""

INPUT_STYLES = ("random", "sparse", "zero", "highest", "blocky")


class _Drawn:
    """Choices that hypothesis makes, and so can shrink."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._rng: np.random.Generator | None = None

    def of(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    @property
    def rng(self) -> np.random.Generator:
        if self._rng is None:
            self._rng = np.random.default_rng(self._draw(st.integers(0, 2**16 - 1)))
        return self._rng


class _Seeded:
    """Choices of a NumPy generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def of(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))


@st.composite
def networks(draw: st.DrawFn, knobs: Knobs = ANY) -> ir.Network:
    """Draw valid networks."""
    return build_network(_Drawn(draw), knobs)


@st.composite
def inputs_for(
    draw: st.DrawFn, network: ir.Network, steps: tuple[int, int] = (1, 5), batch: tuple[int, int] = (1, 3)
) -> ir.IntArray:
    """Draw inputs (T, N, *shape) int32 of `network`, T and N within the given ranges."""
    return _input(_Drawn(draw), network, steps, batch)


@st.composite
def cases(draw: st.DrawFn, knobs: Knobs = ANY) -> tuple[ir.Network, ir.IntArray]:
    """Draw a network and an input for it."""
    network = draw(networks(knobs))
    return network, draw(inputs_for(network))


def random_network(rng: np.random.Generator, knobs: Knobs = ANY) -> ir.Network:
    """Return a valid network; the same one for the same state of `rng`."""
    return build_network(_Seeded(rng), knobs)


def random_input(
    rng: np.random.Generator,
    network: ir.Network,
    steps: tuple[int, int] = (1, 5),
    batch: tuple[int, int] = (1, 3),
) -> ir.IntArray:
    """Return an input (T, N, *shape) int32 of `network`, T and N within the given ranges."""
    return _input(_Seeded(rng), network, steps, batch)


def _input(choices: Choices, network: ir.Network, steps: tuple[int, int], batch: tuple[int, int]) -> ir.IntArray:
    shape = (choices.integer(*steps), choices.integer(*batch), *network.input.shape)
    style = choices.of((*INPUT_STYLES, "lowest") if network.input.signed else INPUT_STYLES)
    low, high = network.input.bounds
    if style == "zero":
        return np.zeros(shape, dtype=np.int32)
    if style in ("highest", "lowest"):
        return np.full(shape, high if style == "highest" else low, dtype=np.int32)
    rng = choices.rng
    x = rng.integers(low, high + 1, shape)
    if style == "sparse":
        x *= rng.random(shape) < 0.2
    elif style == "blocky":
        # Whole steps of silence: what a neuron does then comes from its state alone.
        x *= rng.random((shape[0],) + (1,) * (len(shape) - 1)) < 0.5
    return x.astype(np.int32)
