"""Lava's stock current-based LIF in fixed point, for networks in the stock profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lava_spquant.ir.arith import decay_toward_zero, saturate
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import CUBA_CURRENT_MAX, CUBA_SHIFT, STATE_BITS, STATE_MAX
from lava_spquant.ir.neuron.base import Bounds, Outputs, State, check_decay

__all__ = ["Cuba", "cuba_step"]


@dataclass(frozen=True)
class Cuba:
    """Parameters of `lava.proc.lif.LIF` with tag `fixed_pt`.

    A branch into it has gain 64 and shift 0: Lava's left shift of activations by 6 bits.

    Parameters
    ----------
    current_decay : int
        `iDecay` in NetX, `du + 1` in Lava; in 1/4096.
    voltage_decay : int
        `vDecay` in NetX, `dv` in Lava; in 1/4096.
    vth : int
        Threshold in membrane units: Lava's `vth << 6`.

    Raises
    ------
    NetworkError
        If a field is outside its range.
    """

    current_decay: int
    voltage_decay: int
    vth: int

    kind: ClassVar[str] = "cuba"
    outputs: ClassVar[tuple[str, ...]] = ("spikes",)
    state_names: ClassVar[tuple[str, ...]] = ("u", "v")
    current_max: ClassVar[int] = CUBA_CURRENT_MAX

    def __post_init__(self) -> None:
        check_decay(self.current_decay, self.kind, "current_decay")
        check_decay(self.voltage_decay, self.kind, "voltage_decay")
        whole = isinstance(self.vth, (int, np.integer)) and 0 <= self.vth <= (2**18 - 1) << CUBA_SHIFT
        expect(whole, self.kind, "vth", found=self.vth, expected=f"0..{(2**18 - 1) << CUBA_SHIFT}")

    def step(self, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
        """Advance one time step; see `cuba_step`."""
        return cuba_step(self, state, current, bias)

    def output_bounds(self, output: str, current: Bounds) -> Bounds:
        """Spikes are 0 or 1."""
        return 0, 1

    @property
    def state_bits(self) -> int:
        """Current and potential, 24 bits each."""
        return 2 * STATE_BITS


def cuba_step(params: Cuba, state: State, current: IntArray, bias: IntArray) -> tuple[Outputs, State]:
    """Lava's fixed-point LIF: `u` decays, adds current and wraps once; `v` decays, adds `u` and bias, clips.

    Parameters
    ----------
    params : Cuba
    state : dict
        `u`, `v`: int32, shape (N, *shape), membrane units.
    current : numpy.ndarray, int64, shape (N, *shape)
        Activation after the left shift by 6 bits.
    bias : numpy.ndarray, int32, broadcastable
        Added to `v`, not to `u`, as in Lava.

    Returns
    -------
    outputs : dict
        `spikes`: int32, 0 or 1.
    state : dict
        The new `u` and `v`.

    Examples
    --------
    >>> neuron = Cuba(current_decay=1024, voltage_decay=128, vth=640)
    >>> zero = {"u": np.zeros((1, 2), np.int32), "v": np.zeros((1, 2), np.int32)}
    >>> out, new = cuba_step(neuron, zero, np.array([[640, 641]]), np.array(0))
    >>> out["spikes"].tolist(), new["u"].tolist(), new["v"].tolist()
    ([[0, 1]], [[640, 641]], [[640, 0]])
    """
    u = decay_toward_zero(state["u"], params.current_decay) + current
    # Lava wraps once and not modulo, at +2**23 exclusive and -2**23 inclusive.
    span = 2 * (STATE_MAX + 1)
    u = np.where(u > STATE_MAX + 1, u - span, np.where(u <= -STATE_MAX - 1, u + span, u))
    m = saturate(decay_toward_zero(state["v"], params.voltage_decay) + u + bias)
    spikes = m > params.vth
    v = np.where(spikes, 0, m)
    return {"spikes": spikes.astype(np.int32)}, {"u": u.astype(np.int32), "v": v.astype(np.int32)}
