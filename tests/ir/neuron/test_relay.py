from __future__ import annotations

import numpy as np

from lava_spquant.ir import Relay
from lava_spquant.ir.neuron import relay_step


def test_passes_current_and_per_neuron_bias_on() -> None:
    current = np.array([[[[1, -2, 3]]]], dtype=np.int64)
    bias = np.array([[[10, 20, 30]]], dtype=np.int32)
    out, state = relay_step(Relay(), {}, current, bias)
    assert out["graded"].tolist() == [[[[11, 18, 33]]]]
    assert out["graded"].dtype == np.int32
    assert state == {}


def test_bounds_and_state() -> None:
    assert Relay().output_bounds("graded", (-3, 7)) == (-3, 7)
    assert Relay().state_bits == 0
