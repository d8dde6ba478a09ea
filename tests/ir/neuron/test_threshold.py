from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import NetworkError, Threshold
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.ir.neuron import threshold_step


@pytest.mark.parametrize("vth", [1, 0, 12])
def test_spikes_strictly_above_the_threshold(vth: int) -> None:
    current = np.arange(-20, 21, dtype=np.int64)[None]
    out, state = threshold_step(Threshold(vth), {}, current, np.array([3], np.int32))
    assert out["spikes"].tolist() == [[int(c + 3 > vth) for c in range(-20, 21)]]
    assert out["spikes"].dtype == np.int32
    assert state == {}


def test_bounds_and_state() -> None:
    assert Threshold().output_bounds("spikes", (-3, 7)) == (0, 1)
    assert Threshold().state_bits == 0


@pytest.mark.parametrize("vth", [STATE_MAX + 1, -1, 0.5])
def test_a_threshold_out_of_range_is_refused(vth: int) -> None:
    with pytest.raises(NetworkError, match="threshold: vth: found"):
        Threshold(vth)
