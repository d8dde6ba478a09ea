"""What every neuron of the integer network offers."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import DECAY_UNITY

__all__ = ["Bounds", "Neuron", "Outputs", "State", "check_decay", "zero_state"]

State = dict[str, IntArray]
"""State variables by name, each int32 of shape (N, *block shape); membranes in membrane units."""

Outputs = dict[str, IntArray]
"""Output streams by name ("spikes", "graded"), each int32 of shape (N, *block shape)."""

Bounds = tuple[int, int]
"""Smallest and largest value that a stream can take."""


class Neuron(Protocol):
    """A frozen dataclass of integers with a pure step.

    Attributes
    ----------
    kind : str
        Its name in the registry and in files.
    outputs : tuple of str
        The streams it offers; the first is the one that a branch reads by default.
    state_names : tuple of str
        The state variables that `step` carries.
    current_max : int
        Largest magnitude of current plus bias with which `step` cannot overflow.
    """

    kind: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]]
    state_names: ClassVar[tuple[str, ...]]
    current_max: ClassVar[int]

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step.

        Parameters
        ----------
        state : dict of numpy.ndarray
            The state after the previous step; not modified.
        current : numpy.ndarray, int64, shape (N, *shape)
            Sum of the branches' rescaled currents, without bias.
        bias : numpy.ndarray, int32
            Broadcastable to `current`.

        Returns
        -------
        outputs, state : dict of numpy.ndarray
        """
        ...

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Return the range of a stream, given the range of current plus bias."""
        ...

    @property
    def state_bits(self) -> int:
        """Bits of state that must be kept per neuron from one step to the next."""
        ...


def zero_state(neuron: Neuron, shape: Shape) -> State:
    """Return the all-zero state of `neuron` for arrays of `shape` (N, *block shape)."""
    return {name: np.zeros(shape, dtype=np.int32) for name in neuron.state_names}


def check_decay(decay: int, where: str, what: str) -> None:
    """Raise `NetworkError` unless `decay` is a whole number in 0..4096."""
    good = isinstance(decay, (int, np.integer)) and 0 <= decay <= DECAY_UNITY
    expect(good, where, what, found=decay, expected=f"a whole number in 0..{DECAY_UNITY}")
