"""Leaky integrate-and-fire with a quantised membrane: the neuron of SpQuant-SNN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arith import decay_toward_zero, saturate
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import CURRENT_MAX, STATE_BITS, STATE_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State, check_decay
from lava_spquant.ir.neuron.membrane import Membrane

__all__ = ["RESETS", "QLif", "qlif_step"]

RESETS = ("hard", "soft")


@dataclass(frozen=True)
class QLif:
    """Parameters of the quantised-membrane LIF (DESIGN: numeric contract, rules 3 to 6).

    Parameters
    ----------
    decay : int
        Leak per step in 1/4096; 2048 halves the membrane potential (tau = 0.5 in the paper).
    vth : int
        Threshold in membrane units; a spike needs a potential strictly above it.
    reset : {"hard", "soft"}
        Hard sets the potential to 0 at a spike, soft subtracts `vth`.
    membrane : Membrane or None
        Quantiser of the stored potential; None keeps all 24 bits.

    Raises
    ------
    NetworkError
        If a field is outside its range.
    """

    decay: int
    vth: int
    reset: str = "hard"
    membrane: Membrane | None = None

    kind: ClassVar[str] = "qlif"
    outputs: ClassVar[tuple[str, ...]] = ("spikes",)
    state_names: ClassVar[tuple[str, ...]] = ("v",)
    current_max: ClassVar[int] = CURRENT_MAX

    def __post_init__(self) -> None:
        check_decay(self.decay, self.kind, "decay")
        good = isinstance(self.vth, (int, np.integer)) and 0 < self.vth <= STATE_MAX
        expect(good, self.kind, "vth", found=self.vth, expected=f"a whole number in 1..{STATE_MAX}")
        expect(self.reset in RESETS, self.kind, "reset", found=self.reset, expected=f"one of {RESETS}")

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `qlif_step`."""
        return qlif_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Spikes are 0 or 1."""
        return 0, 1

    @property
    def state_bits(self) -> int:
        """Width of the stored potential."""
        return self.membrane.bits if self.membrane is not None else STATE_BITS


def qlif_step(params: QLif, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Leak, integrate, spike, reset and quantise (contract, rules 3 to 6).

    Parameters
    ----------
    params : QLif
    state : dict
        `v`: int32, shape (N, *shape), membrane units.
    current : numpy.ndarray, int64, shape (N, *shape)
    bias : numpy.ndarray, int32, broadcastable

    Returns
    -------
    outputs : dict
        `spikes`: int32, 0 or 1.
    state : dict
        The new `v`, on a level of the quantiser where there is one.

    Examples
    --------
    >>> neuron = QLif(decay=2048, vth=64, membrane=Membrane(6, -1, 1))
    >>> zero = {"v": np.zeros((1, 3), np.int32)}
    >>> out, new = qlif_step(neuron, zero, np.array([[65, 64, -40]]), np.array(0))
    >>> out["spikes"].tolist(), new["v"].tolist()
    ([[1, 0, 0]], [[0, 64, -64]])
    """
    m = saturate(decay_toward_zero(state["v"], params.decay) + current + bias)
    spikes = m > params.vth
    after = np.where(spikes, 0 if params.reset == "hard" else m - params.vth, m)
    v = after if params.membrane is None else params.membrane.quantise(after)
    return {"spikes": spikes.astype(np.int32)}, {"v": v.astype(np.int32)}
