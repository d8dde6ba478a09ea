"""The least population count is the least with which the neuron spikes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine.limits import gains_not_negative, least_counts


@given(
    gain=st.integers(-40, 40),
    bias=st.integers(-500, 500),
    shift=st.integers(0, 6),
    vth=st.integers(0, 40),
    spikes=st.integers(0, 18),
)
def test_the_least_count_is_where_spikes_begin(gain: int, bias: int, shift: int, vth: int, spikes: int) -> None:
    conv = ir.Conv(np.ones((8, 18, 1, 1), int), 1)
    branch = ir.Branch(conv, np.full(8, gain), shift, 0)
    block = ir.Block("c", (branch,), ir.Threshold(vth), np.full(8, bias))
    limits = least_counts(block)[spikes % 2] + spikes // 2
    for count in range(spikes + 1):
        total = 2 * count - spikes
        drive = ((total * abs(gain) + ((1 << shift) >> 1)) >> shift) + bias
        assert ((count >= limits) == (drive > vth)).all()


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_products_stay_the_same(gains: list[int], seed: int) -> None:
    gain = np.array(gains, np.int64)
    weight = np.random.default_rng(seed).choice([-1, 1], (7, len(gains)))
    turned, positive = gains_not_negative(weight, gain)
    np.testing.assert_array_equal(turned * positive, weight * gain)
    assert (positive >= 0).all()
    assert set(np.unique(turned)) <= {-1, 1}
