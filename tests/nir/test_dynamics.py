"""Constants of steps from constants of time, worked out by hand."""

from __future__ import annotations

import math

import nir
import numpy as np
import pytest

from lava_spquant.nir import NirError
from lava_spquant.nir.dynamics import DYNAMICS, Clock, dynamics, per_channel
from lava_spquant.nir.reading import NODES

TWO = np.ones(2)


def test_a_lif_in_units_of_its_threshold() -> None:
    node = nir.LIF(tau=0.02 * TWO, r=np.array([4.0, 8.0]), v_leak=0.5 * TWO, v_threshold=np.array([2.0, 0.5]))
    step = dynamics(node, "lif", (2,), Clock(5e-3))
    # a = 5 / 20; scale a R / theta; offset a v_leak / theta.
    assert step.leak == 0.25
    np.testing.assert_allclose(step.scale, [0.25 * 4 / 2, 0.25 * 8 / 0.5])
    np.testing.assert_allclose(step.offset, [0.25 * 0.5 / 2, 0.25 * 0.5 / 0.5])
    exact = dynamics(node, "lif", (2,), Clock(5e-3, "exponential"))
    assert exact.leak == pytest.approx(1 - math.exp(-0.25))
    np.testing.assert_allclose(exact.scale, exact.leak * np.array([4 / 2, 8 / 0.5]))


def test_a_current_is_filtered_first() -> None:
    node = nir.CubaLIF(
        tau_syn=0.01 * TWO, tau_mem=0.02 * TWO, r=3 * TWO, v_leak=1 * TWO, v_threshold=0.5 * TWO, w_in=7 * TWO
    )
    step = dynamics(node, "cuba", (2,), Clock(5e-3))
    assert (step.current_leak, step.leak) == (0.5, 0.25)
    np.testing.assert_allclose(step.scale, 0.5 * 7 * 0.25 * 3 / 0.5)
    np.testing.assert_allclose(step.offset, 0.25 * 1 / 0.5)


def test_neurons_without_a_leak_and_without_memory() -> None:
    step = dynamics(nir.IF(r=3 * TWO, v_threshold=2 * TWO), "if", (2,), Clock(0.5))
    assert (step.leak, step.current_leak, step.scale.tolist()) == (0, None, [0.75, 0.75])
    step = dynamics(nir.Threshold(threshold=4 * TWO), "threshold", (2,), Clock(0.5))
    assert (step.leak, step.scale.tolist()) == (1, [0.25, 0.25])
    step = dynamics(nir.I(r=3 * TWO), "i", (2,), Clock(0.5))
    assert (step.spikes, step.scale.tolist()) == (False, [1.5, 1.5])


def test_a_step_as_long_as_the_time_constant_keeps_nothing() -> None:
    assert Clock(0.01).leak(0.01, "lif") == 1
    assert Clock(0.0100000001).leak(0.01, "lif") == 1  # float32 makes constants from each other
    with pytest.raises(NirError, match="lif: time constant: found 0.01, expected at least dt = 0.02"):
        Clock(0.02).leak(0.01, "lif")
    assert Clock(0.02, "exponential").leak(0.01, "lif") == pytest.approx(1 - math.exp(-2))
    with pytest.raises(NirError, match="time constant: found 0"):
        Clock(0.02).leak(0.0, "lif")


def test_parameters_per_channel() -> None:
    spread = np.broadcast_to(np.array([1.0, 2.0])[:, None, None], (2, 3, 4))
    assert per_channel(spread, (2, 3, 4), "lif", "r").tolist() == [1, 2]
    assert per_channel(5.0, (2, 3, 4), "lif", "r").tolist() == [5, 5]
    assert per_channel([5.0], (3,), "lif", "r").tolist() == [5, 5, 5]
    with pytest.raises(NirError, match="lif: r: found values that vary within a channel"):
        per_channel(np.arange(24.0).reshape(2, 3, 4), (2, 3, 4), "lif", "r")
    with pytest.raises(NirError, match=r"r of shape: found \(3,\), expected \(2, 3, 4\)"):
        per_channel(np.ones(3), (2, 3, 4), "lif", "r")


def test_every_neuron_of_nir_is_known() -> None:
    stateless = {"Input", "Output", "Affine", "Linear", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"}
    assert {cls.__name__ for cls in DYNAMICS} == NODES.keys() - stateless - {"Flatten", "Delay"}
