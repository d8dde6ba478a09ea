"""Folding batch-norm, scales and threshold into integer gains and biases."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.fold import GAIN_LIMITS
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.stream import Stream

VTH = 4096


def dense(values: list[list[float]], **options: object) -> block.Dense:
    """A dense block with the given weights, int8 per channel unless said."""
    rows = torch.tensor(values)
    neuron = options.pop("neuron", {"threshold": 1.0})
    made = block.Dense(neuron, rows.shape[1], rows.shape[0], **{"weight": "int8-channel", **options})  # type: ignore[arg-type]
    made.synapse.weight.data = rows
    return made


def set_norm(made: block.Dense, mean: list[float], var: list[float], gamma: list[float], beta: list[float]) -> None:
    norm = made.branches[0].norm
    norm.running_mean, norm.running_var = torch.tensor(mean), torch.tensor(var)
    norm.weight.data, norm.bias.data = torch.tensor(gamma), torch.tensor(beta)
    norm.eps = 0.0


def effective(part: ir.Block) -> np.ndarray:
    """Membrane units per unit of accumulator."""
    branch = part.branches[0]
    return branch.gain.astype(np.float64) / 2**branch.shift


def test_batch_norm_by_hand() -> None:
    # Channel 0: scale 1/127, gamma/std = 3/2, so 1.5/127 per unit; offset 0.5 - 1.5 * 0.25 = 0.125.
    # Channel 1: scale 0.5/127, gamma/std = -1/0.5 = -2; offset -1 + 2 * -0.75 = -2.5.
    made = dense([[1.0, -1.0], [0.5, 0.25]], batch_norm=True, neuron={"threshold": 2.0})
    set_norm(made, [0.25, -0.75], [4.0, 0.25], [3.0, -1.0], [0.5, -1.0])
    part = made.to_ir_block("b", [(2,)])
    np.testing.assert_allclose(effective(part), np.array([1.5 / 127, -1 / 127]) * VTH / 2, rtol=2**-8)
    assert part.bias.tolist() == [round(0.125 * VTH / 2), round(-2.5 * VTH / 2)]
    assert part.neuron == ir.QLif(2048, VTH, "hard", ir.Membrane(12, -1, 1))
    assert part.frac_bits == 12


def test_the_scale_of_what_is_read_goes_into_the_gain() -> None:
    made = dense([[1.0, -1.0]], bias=True, reads=Stream(0, 4, 0.25))
    made.branches[0].bias.data = torch.tensor([-0.3])
    part = made.to_ir_block("b", [(2,)])
    np.testing.assert_allclose(effective(part), [0.25 / 127 * VTH], rtol=2**-8)
    assert part.bias.tolist() == [round(-0.3 * VTH)]


@given(
    slopes=st.lists(st.floats(0.05, 3.0), min_size=1, max_size=6),
    signs=st.integers(0, 63),
    frac_bits=st.sampled_from([6, 8, 12]),
)
def test_gains_keep_eight_bits(slopes: list[float], signs: int, frac_bits: int) -> None:
    slope = np.array(slopes) * [1 if signs >> i & 1 else -1 for i in range(len(slopes))]
    made = dense([[1.0, 0.5, -1.0]] * len(slopes), batch_norm=True, neuron={"frac_bits": frac_bits})
    ones = [1.0] * len(slopes)
    set_norm(made, [0.0] * len(slopes), ones, slope.tolist(), ones)
    part = made.to_ir_block("b", [(3,)])
    wanted = slope.astype(np.float32) / 127 * 2**frac_bits
    matters = np.abs(wanted) * 254 >= 2**frac_bits / 256
    error = np.abs(effective(part) / wanted - 1)
    assert bool(np.all(error[matters] <= 2**-8))


def test_a_dead_channel_does_not_cost_the_others_their_precision() -> None:
    # Variance 1e-10 and almost no spikes: the slope is 1e5.
    made = dense([[1.0, -1.0], [1.0, -1.0]], batch_norm=True, weight="ternary")
    set_norm(made, [0.1, 0.2], [16.0, 1e-10], [0.5, 1.0], [0.0, 0.4])
    part = made.to_ir_block("b", [(2,)])
    found = effective(part)
    np.testing.assert_allclose(found[0], 0.125 * VTH, rtol=2**-8)
    assert found[1] == pytest.approx(GAIN_LIMITS[0] * VTH, rel=2**-8)


@given(mean=st.floats(-0.5, 0.5), beta=st.floats(-2, 2), deviation=st.floats(1e-7, 1e-4), negative=st.booleans())
def test_a_limited_gain_crosses_the_threshold_at_the_same_accumulator(
    mean: float, beta: float, deviation: float, negative: bool
) -> None:
    made = dense([[0.9, -0.7, 0.4]], batch_norm=True)
    gamma = -1.0 if negative else 1.0
    set_norm(made, [mean], [deviation**2], [gamma], [beta])
    factor, offset = (values[0] for values in made.branches[0].affine())
    part = made.to_ir_block("b", [(3,)])
    acc = np.arange(-254, 255)
    exact = factor * acc + offset
    branch = part.branches[0]
    deployed = ((branch.gain.astype(np.int64) * acc + (1 << branch.shift >> 1)) >> branch.shift) + part.bias[0]
    clear = np.abs(exact - 1) > abs(factor) * 0.01  # nearer to the threshold, rounding decides
    np.testing.assert_array_equal((deployed > VTH)[clear], (exact > 1)[clear])


@given(beta=st.floats(-1.5, 0.9), deviation=st.floats(1e-7, 1e-4), frac_bits=st.sampled_from([8, 12]))
def test_a_limited_gain_leaves_the_current_without_input_as_it_is(
    beta: float, deviation: float, frac_bits: int
) -> None:
    assert abs(resting(beta, deviation, frac_bits) - beta * 2**frac_bits) <= 1


@given(beta=st.floats(-1.5, 0.9), deviation=st.floats(1e-7, 1e-4), frac_bits=st.sampled_from([15, 17, 20]))
def test_where_no_gain_reaches_the_threshold_nothing_drives_the_neuron_instead(
    beta: float, deviation: float, frac_bits: int
) -> None:
    room = 2**frac_bits // 64
    assert resting(beta, deviation, frac_bits) <= max(beta * 2**frac_bits, 0) + room


def resting(beta: float, deviation: float, frac_bits: int) -> int:
    """The deployed bias of a channel that hardly ever received a spike."""
    made = dense([[0.9, -0.7, 0.4]], batch_norm=True, neuron={"frac_bits": frac_bits})
    set_norm(made, [0.0], [deviation**2], [1.0], [beta])
    return int(made.to_ir_block("b", [(3,)]).bias[0])


def test_two_limited_branches_without_input_do_not_add_up_to_a_spike() -> None:
    made = block.Residual({"threshold": 1.0}, 2, 3, weight="ternary").join
    for branch in made.branches:
        norm = branch.norm
        assert norm is not None
        norm.running_mean, norm.running_var = torch.zeros(3), torch.full((3,), 1e-10)
        norm.weight.data, norm.bias.data = torch.ones(3), torch.full((3,), 0.2)
        norm.eps = 0.0
        branch.synapse.weight.data.fill_(1.0)
    part = made.to_ir_block("b", [(3, 4, 4), (2, 4, 4)])
    assert len(part.branches) == 2
    np.testing.assert_allclose(part.bias, 0.4 * VTH, atol=1)


def test_a_channel_that_never_received_a_spike_in_training_stays_silent_without_input() -> None:
    made = dense([[1.0, -1.0]], batch_norm=True, weight="ternary", neuron={"membrane": "ternary", "voltage_decay": 0.5})
    set_norm(made, [0.0], [1e-5], [0.1], [0.0])
    model = SpikingNetwork([made], ir.InputSpec((2,))).eval()
    quiet = torch.zeros(1, 2, 8)
    assert not model(quiet).any()
    quiet[0, 0, 3] = 1
    assert model(quiet)[0, 0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


def test_coarse_channels_are_told_at_export_and_not_at_every_batch(caplog: pytest.LogCaptureFixture) -> None:
    made = dense([[1.0] * 600, [1.0] * 600], batch_norm=True)
    model = SpikingNetwork([made], ir.InputSpec((600,)))
    set_norm(made, [0.0, 0.0], [1.0, 1.0], [100.0, 0.004], [0.0, 0.0])
    with caplog.at_level(logging.DEBUG, "lava_spquant"):
        model.eval()(torch.zeros(1, 600, 2))
    assert not caplog.text
    with caplog.at_level(logging.WARNING, "lava_spquant"):
        model.to_ir()
    assert "block 'dense0', branch 0: gains of channels [1] keep fewer than 8 significant bits" in caplog.text
    caplog.clear()
    set_norm(made, [0.0, 0.0], [1.0, 1.0], [1.0, 0.9], [0.0, 0.0])
    with caplog.at_level(logging.DEBUG, "lava_spquant"):
        model.to_ir()
    assert not caplog.text


@pytest.mark.parametrize("frac_bits", [12, 13, 14, 15, 20])
def test_a_dead_channel_never_stops_an_export(frac_bits: int) -> None:
    made = dense([[1.0, 1.0], [1.0, 1.0]], batch_norm=True, neuron={"frac_bits": frac_bits})
    set_norm(made, [0.0, 0.0], [1e-10, 1.0], [1.0, 0.5], [0.0, 0.0])
    assert int(np.abs(made.to_ir_block("b", [(2,)]).branches[0].gain).max()) > 2**13


def test_the_limit_falls_until_every_other_channel_keeps_eight_bits() -> None:
    # Slopes of 1e5 and 3.2 over 8-bit weights: 4 thresholds per unit would leave the second one 7 bits.
    made = dense([[1.0, 1.0], [1.0, 1.0]], batch_norm=True, neuron={"frac_bits": 12})
    set_norm(made, [0.0, 0.0], [1e-10, 1.0], [1.0, 1.0], [0.0, 0.0])
    part = made.to_ir_block("b", [(2,)])
    assert int(abs(part.branches[0].gain[1])).bit_length() >= 8
    assert effective(part)[0] < GAIN_LIMITS[0] * VTH


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("where", ["weight", "running_mean", "running_var", "gamma", "beta"])
@pytest.mark.parametrize("quantiser", ["binary", "ternary", "sawb4", "sawb8-mean", "int4-channel", "slayer8", "none"])
def test_what_is_not_finite_is_refused_by_name(quantiser: str, where: str, value: float) -> None:
    if where == "running_var" and value < 0:
        value = float("nan")
    made = dense([[0.5, -0.2], [0.1, 0.3]], batch_norm=True, weight=quantiser)
    norm = made.branches[0].norm
    target = {
        "weight": made.synapse.weight.data,
        "running_mean": norm.running_mean,
        "running_var": norm.running_var,
        "gamma": norm.weight.data,
        "beta": norm.bias.data,
    }[where]
    target.view(-1)[-1] = value
    if where == "running_var" and value == float("inf"):
        # An infinite variance says that the channel is silent, whatever it receives.
        assert made.to_ir_block("named", [(2,)]).branches[0].gain[1] == 0
        return
    with pytest.raises(ir.NetworkError, match=r"^block 'named'.*: found NaN or infinity, expected finite numbers"):
        made.to_ir_block("named", [(2,)])


def test_a_bias_beyond_32_bits_is_refused_by_name() -> None:
    made = dense([[0.5]], bias=True)
    made.branches[0].bias.data = torch.tensor([1e6])
    with pytest.raises(ir.NetworkError, match="block 'named': bias: found values in"):
        made.to_ir_block("named", [(1,)])


def test_silent_channels_get_no_gain() -> None:
    part = dense([[0.0, 0.0], [1.0, 1.0]], weight="ternary-channel").to_ir_block("b", [(2,)])
    assert part.branches[0].gain[0] == 0
    assert part.branches[0].gain[1] > 0


def test_branches_of_a_residual_share_one_bias() -> None:
    torch.manual_seed(0)
    made = block.Residual({"threshold": 1.0}, 2, 3, weight="ternary")
    for branch, beta in zip(made.join.branches, (0.25, 0.5), strict=True):
        branch.norm.bias.data.fill_(beta)
    part = made.join.to_ir_block("join", [(3, 4, 5), (2, 4, 5)])
    assert part.bias.tolist() == [round(0.75 * VTH)] * 3
