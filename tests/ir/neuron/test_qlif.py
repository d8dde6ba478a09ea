from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from lava_spquant.ir import Membrane, NetworkError, QLif
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.ir.neuron import qlif_step

TERNARY = Membrane(6, -1, 1)
FIVE = Membrane(6, -3, 1)


def drive(neuron: QLif, currents: list[int], bias: int = 0) -> tuple[list[int], list[int]]:
    """Return spikes and stored potentials of one neuron, from rest."""
    state = {"v": np.zeros((1, 1), np.int32)}
    spikes, potentials = [], []
    for current in currents:
        out, state = qlif_step(neuron, state, np.array([[current]], np.int64), np.array([bias], np.int32))
        spikes.append(out["spikes"].item())
        potentials.append(state["v"].item())
    return spikes, potentials


def test_ternary_hard_reset() -> None:
    """Decay one half, vth 64, levels -64, 0, 64 with borders at -32 (down) and 32 (up).

    t1: m = 40              no   (40+32)>>6 = 1     64
    t2: m = 32 + 40 = 72    yes  0                   0
    t3: m = -40             no   (-40+32)>>6 = -1  -64
    t4: m = -32 + 0 = -32   no   (-32+32)>>6 = 0     0
    t5: m = 64              no: not above vth        64
    t6: m = 32 + 33 = 65    yes                      0
    """
    spikes, v = drive(QLif(2048, 64, "hard", TERNARY), [40, 40, -40, 0, 64, 33])
    assert spikes == [0, 1, 0, 0, 0, 1]
    assert v == [64, 0, -64, 0, 64, 0]


def test_five_levels_soft_reset() -> None:
    """Levels -192..64 in steps of 64.

    t1: m = 300              yes  300 - 64 = 236, (236+32)>>6 = 4, clipped to 1    64
    t2: m = 32 - 130 = -98   no   (-98+32)>>6 = -66>>6 = -2                      -128
    t3: m = -64 - 96 = -160  no   (-160+32)>>6 = -2                              -128
    t4: m = -64 - 97 = -161  no   (-161+32)>>6 = -129>>6 = -3                    -192
    t5: m = -96 - 999        no   clipped to -3                                  -192
    t6: m = -96 + 170 = 74   yes  10, (10+32)>>6 = 0                                0
    """
    spikes, v = drive(QLif(2048, 64, "soft", FIVE), [300, -130, -96, -97, -999, 170])
    assert spikes == [1, 0, 0, 0, 0, 1]
    assert v == [64, -128, -128, -192, -192, 0]


def test_full_precision_soft_reset_leaks_toward_zero() -> None:
    """Decay 1000 keeps 3096/4096, nothing is quantised.

    t1: m = 101              yes  101 - 100 = 1
    t2: 1*3096/4096 = 0.76 -> 0;   m = 0 - 7
    t3: -7*3096/4096 = -5.3 -> -5; m = -5
    t4: -5*3096/4096 = -3.8 -> -3; m = -3 + 104 = 101, yes, 1
    """
    spikes, v = drive(QLif(1000, 100, "soft"), [101, -7, 0, 104])
    assert spikes == [1, 0, 0, 1]
    assert v == [1, -7, -5, 1]


def test_bias_joins_the_current() -> None:
    """Decay 0 keeps everything: 30, 60, then 90 > 64 spikes."""
    assert drive(QLif(0, 64), [20, 20, 20], bias=10) == ([0, 0, 1], [30, 60, 0])


def test_full_decay_forgets() -> None:
    assert drive(QLif(4096, 64), [64, 64, 65]) == ([0, 0, 1], [64, 64, 0])


def test_potential_saturates_at_24_bits_on_both_sides() -> None:
    """Soft reset at the top: 2**23-1 - 1 stays; at the bottom the sum stops at -(2**23-1)."""
    huge = 2**30
    assert drive(QLif(0, STATE_MAX), [huge, huge]) == ([0, 0], [STATE_MAX, STATE_MAX])
    assert drive(QLif(0, 1, "soft"), [huge]) == ([1], [STATE_MAX - 1])
    assert drive(QLif(0, 1), [-huge, -huge, 5]) == ([0, 0, 0], [-STATE_MAX, -STATE_MAX, 5 - STATE_MAX])


def test_the_step_is_pure() -> None:
    state, current = {"v": np.full((1, 2), 64, np.int32)}, np.array([[9, -9]], np.int64)
    out, new = qlif_step(QLif(2048, 64, "soft", TERNARY), state, current, np.zeros(2, np.int32))
    assert state["v"].tolist() == [[64, 64]]
    assert current.tolist() == [[9, -9]]
    assert out["spikes"].dtype == new["v"].dtype == np.int32


def test_state_bits() -> None:
    assert QLif(0, 1).state_bits == 24
    assert QLif(0, 1, membrane=TERNARY).state_bits == 2
    assert QLif(0, 1).output_bounds("spikes", (-9, 9)) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"decay": -1}, "decay: found -1, expected a whole number in 0..4096"),
        ({"decay": 4097}, "decay: found 4097"),
        ({"decay": 0.5}, "decay: found 0.5"),
        ({"vth": 0}, "vth: found 0, expected a whole number in 1..8388607"),
        ({"vth": 2**23}, "vth: found 8388608"),
        ({"vth": 1.0}, "vth: found 1.0"),
        ({"reset": "none"}, "reset: found none, expected one of"),
    ],
)
def test_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^qlif: {message}"):
        QLif(**{"decay": 0, "vth": 1, **fields})


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        QLif(0, 1).vth = 2
