"""Acceptance: without a membrane quantiser the neuron is Lava's own fixed-point LIF."""

from __future__ import annotations

import numpy as np
import pytest
from lava.proc.lif.process import LIF

from lava_spquant import ir
from lava_spquant.proc.gain import Gain
from lava_spquant.proc.neuron_process import NO_RESET, Reset
from lava_spquant.proc.qlif import QLif
from tests.proc.harness import record, stream_into

STEPS, SHAPE = 60, (4, 3, 2)


def through_lava(x, dv, vth, bias):
    lif = LIF(shape=SHAPE, du=4095, dv=dv, vth=vth, bias_mant=bias, bias_exp=6)
    stream_into(lif.a_in, x)
    return record(lif, lif.s_out, lif, ("v",), len(x))


def through_ours(x, decay, vth, bias, reset=NO_RESET):
    gain = Gain(shape=SHAPE, gain=np.full(SHAPE[-1], 64, np.int16), shift=0)
    qlif = QLif(shape=SHAPE, neuron=ir.QLif(decay, vth), bias=bias, reset=reset)
    stream_into(gain.a_in, x)
    gain.a_out.connect(qlif.a_in)
    return record(qlif, qlif.s_out, qlif, ("v",), len(x))


@pytest.mark.parametrize("decay", [0, 1, 128, 2048, 4095])
@pytest.mark.parametrize("largest", [3, 200, 2**17 - 1], ids=["small", "spiking", "saturating"])
def test_equals_lavas_lif(decay, largest):
    generator = np.random.default_rng(decay + largest)
    x = generator.integers(-largest, largest + 1, (STEPS, *SHAPE))
    if largest > 1000:
        x[: STEPS // 2] = np.where(np.arange(SHAPE[-1]) % 2, largest, -largest)
    bias = generator.integers(-2, 3, SHAPE)
    vth = {3: 3, 200: 100}.get(largest, 2**17 - 1)
    found = through_ours(x, decay, vth << 6, bias << 6)
    expected = through_lava(x, decay, vth, bias)
    np.testing.assert_array_equal(found["out"], expected["out"])
    np.testing.assert_array_equal(found["v"], expected["v"])
    assert expected["out"].any()
    if largest > 1000 and decay < 2048:
        assert np.abs(expected["v"]).max() == 2**23 - 1


def test_reset_interval_and_phase():
    x = np.ones((7, *SHAPE), int)
    found = through_ours(x, 0, 2**20, 0, Reset(interval=3, phase=2))
    assert (found["v"][:, 0, 0, 0] // 64).tolist() == [1, 1, 2, 3, 1, 2, 3]


def test_interval_must_be_positive():
    with pytest.raises(ValueError, match="reset: interval: found 0"):
        Reset(interval=0)
