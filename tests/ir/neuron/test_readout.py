from __future__ import annotations

import numpy as np

from lava_spquant.ir import Readout
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.ir.neuron import readout_step


def drive(currents: list[int], bias: int) -> list[int]:
    state = {"v": np.zeros((1, 1), np.int32)}
    values = []
    for current in currents:
        out, state = readout_step(Readout(), state, np.array([[current]], np.int64), np.array([bias], np.int32))
        assert out["graded"].item() == state["v"].item()
        values.append(state["v"].item())
    return values


def test_adds_up_current_and_bias() -> None:
    assert drive([5, -20, 0], bias=3) == [8, -9, -6]


def test_saturates_on_both_sides() -> None:
    assert drive([STATE_MAX, 1, -2], bias=0) == [STATE_MAX, STATE_MAX, STATE_MAX - 2]
    assert drive([-STATE_MAX, -1, 2], bias=0) == [-STATE_MAX, -STATE_MAX, -STATE_MAX + 2]


def test_bounds_and_state() -> None:
    assert Readout().output_bounds("graded", (-3, 3)) == (-STATE_MAX, STATE_MAX)
    assert Readout().state_bits == 24
