"""Networks exactly at a bound are accepted, networks one beyond it refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir.bounds import branch_bounds, current_bounds
from lava_spquant.ir.limits import CUBA_CURRENT_MAX, CURRENT_MAX, PRODUCT_MAX, STATE_MAX
from lava_spquant.ir.reference import run
from tests.strategies import inputs_for, networks


def dense_of_sum(total: int) -> ir.Dense:
    """One output whose 16-bit weights add up to `total` (of either sign)."""
    top, size = 32767, abs(total)
    weight = [top] * (size // top) + [size % top]
    return ir.Dense([[w if total > 0 else -w for w in weight]], 16)


def network(synapse: ir.Dense, gain: int = 1, shift: int = 0, bias: int = 0, neuron: ir.Neuron | None = None):
    block = ir.Block("a", (ir.Branch(synapse, [gain], shift),), neuron or ir.QLif(0, 1), [bias])
    return ir.Network(ir.InputSpec((synapse.weight.shape[1],)), (block,))


@pytest.mark.parametrize("sign", [1, -1])
def test_accumulator(sign: int) -> None:
    at = network(dense_of_sum(sign * STATE_MAX))
    # All inputs spike: the accumulator takes the value that the proof allowed.
    v = run(at, np.ones((1, 1, *at.input.shape), int)).blocks[0]["v"].item()
    assert v == (0 if sign > 0 else -STATE_MAX)
    with pytest.raises(ir.NetworkError, match="^block 'a', branch 0: largest accumulator: found 8388608, .*8388607$"):
        network(dense_of_sum(sign * (STATE_MAX + 1)))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("gain_sign", [1, -1])
def test_product(sign: int, gain_sign: int) -> None:
    """65,538 * 32,767 + 1 = 2**31 - 1, with 1 the rounding term at shift 1."""
    assert PRODUCT_MAX == 65_538 * 32_767 + 1
    network(dense_of_sum(sign * 65_538), gain_sign * 32_767, shift=1)
    with pytest.raises(ir.NetworkError, match=r"^block 'a', branch 0: largest gain \* accumulator: found 2147516414"):
        network(dense_of_sum(sign * 65_539), gain_sign * 32_767, shift=1)


def test_the_rounding_term_counts() -> None:
    """32,768 * 32,767 = 2**30 - 2**15 fits beside 2**30 at shift 31; 32,769 * 32,767 does too, 32,770 * 32,767 not."""
    assert PRODUCT_MAX == 32_769 * 32_767 + 2**30
    network(dense_of_sum(32_769), 32_767, shift=31)
    with pytest.raises(ir.NetworkError, match=r"largest gain \* accumulator"):
        network(dense_of_sum(32_770), 32_767, shift=31)


@pytest.mark.parametrize("neuron", [ir.QLif(0, 1), ir.Readout(), ir.Relay(), ir.Cuba(0, 0, 64)], ids=lambda n: n.kind)
def test_current(neuron: ir.Neuron) -> None:
    limit = CUBA_CURRENT_MAX if neuron.kind == "cuba" else CURRENT_MAX
    for weight, bias in ((1, limit - 1), (-1, 1 - limit), (1, -limit), (-1, limit)):
        network(ir.Dense([[weight]], 2), bias=bias, neuron=neuron)
    for weight, bias in ((1, limit), (-1, -limit), (1, -limit - 1), (-1, limit + 1)):
        with pytest.raises(ir.NetworkError, match=f"^block 'a': largest current: found {limit + 1}, .*{limit}$"):
            network(ir.Dense([[weight]], 2), bias=bias, neuron=neuron)


def test_a_bias_does_not_make_up_for_a_current_that_is_too_large_without_it() -> None:
    # CUBA's bias goes to the membrane; the current alone must stay within one wrap.
    gain = 2**13
    synapse = dense_of_sum(CUBA_CURRENT_MAX // gain + 1)
    found = (CUBA_CURRENT_MAX // gain + 1) * gain
    with pytest.raises(ir.NetworkError, match=f"^block 'a': largest current: found {found}, "):
        network(synapse, gain=gain, bias=-found, neuron=ir.Cuba(0, 0, 64))


def test_branches_add_up() -> None:
    """Each branch alone is half of the limit; two together are exactly at it, and one unit of bias is too much."""
    half = CURRENT_MAX // 2
    assert half % 2**15 == 0
    branch = ir.Branch(dense_of_sum(half // 2**14), [2**14])
    spec = ir.InputSpec(branch.synapse.weight.shape[1:])
    ir.Network(spec, (ir.Block("a", (branch, branch), ir.QLif(0, 1), [0]),))
    with pytest.raises(ir.NetworkError, match="largest current"):
        ir.Network(spec, (ir.Block("a", (branch, branch), ir.QLif(0, 1), [1]),))


def test_a_negative_gain_swaps_the_ends() -> None:
    low, high = branch_bounds(ir.Branch(ir.Dense([[3, -1]], 3), [-5], shift=1), (0, 1), "here")
    assert (low.tolist(), high.tolist()) == ([(-15 + 1) >> 1], [(5 + 1) >> 1])


def test_current_bounds_hold_bias_and_every_channel() -> None:
    branches = (ir.Branch(ir.Dense([[2], [-3]], 3), [10, 10]), ir.Branch(ir.Dense([[1], [1]], 1), [1, 1]))
    block = ir.Block("a", branches, ir.QLif(0, 1), [100, -100])
    assert current_bounds(block, [(0, 1), (0, 1)]) == (-30 - 100, 21 + 100)


def test_a_relay_hands_its_range_on() -> None:
    pool = ir.Block("pool", (ir.Branch(ir.SumPool((2, 3)), [2]),), ir.Relay(), [-1])
    read = ir.Block("read", (ir.Branch(ir.Identity(), [1], source=0),), ir.Readout(), [0])
    assert ir.Network(ir.InputSpec((1, 2, 3)), (pool, read)).stream_bounds() == [[(0, 1)], [(-1, 11)]]


def test_a_relay_cannot_carry_more_than_the_next_accumulator_holds() -> None:
    relay = ir.Block("relay", (ir.Branch(ir.Identity(), [2**8]),), ir.Relay(), [0])
    read = ir.Block("read", (ir.Branch(ir.Identity(), [1], source=0),), ir.Readout(), [0])
    ir.Network(ir.InputSpec((1,), 15), (relay, read))
    with pytest.raises(ir.NetworkError, match="^block 'read', branch 0: largest accumulator: found 16776960"):
        ir.Network(ir.InputSpec((1,), 16), (relay, read))


def relay_of(extreme: int) -> ir.Block:
    """A block that passes on values up to `extreme`, a multiple of 2**16 of either sign, for an input of 16 bits."""
    gain = extreme // 2**16
    return ir.Block("relay", (ir.Branch(ir.Identity(), [gain]),), ir.Relay(), [gain])


@pytest.mark.parametrize("sign", [1, -1])
def test_an_accumulator_that_a_product_of_64_bits_would_wrap_to_nothing(sign: int) -> None:
    """Weights of sum 2**34 times values up to 2**30: 2**64, which is 0 in 64 bits."""
    synapse = dense_of_sum(2**34)
    relay, read = relay_of(sign * 2**30), ir.Block("read", (ir.Branch(synapse, [1], source=0),), ir.Readout(), [0])
    spec = ir.InputSpec((1, 1, synapse.weight.shape[1]), 16)
    with pytest.raises(ir.NetworkError, match="^block 'read', branch 0: largest accumulator: found .*8388607$"):
        ir.Network(spec, (relay, read))


def test_a_window_whose_sum_is_the_one_integer_without_a_negative() -> None:
    """2**33 values down to -2**30 add up to -2**63, whose negative is itself in 64 bits."""
    pool = ir.SumPool((2**17, 2**16))
    read = ir.Block("read", (ir.Branch(pool, [1], source=0),), ir.Readout(), [0])
    with pytest.raises(ir.NetworkError, match="^block 'read', branch 0: largest accumulator: found .*8388607$"):
        ir.Network(ir.InputSpec((1, 2**17, 2**16), 16), (relay_of(-(2**30)), read))


@given(st.data())
def test_streams_stay_within_their_proven_bounds(data: st.DataObject) -> None:
    network = data.draw(networks())
    trace = run(network, data.draw(inputs_for(network)))
    for block, bounds in zip(network.blocks, network.stream_bounds(), strict=True):
        for branch, (low, high) in zip(block.branches, bounds, strict=True):
            if branch.source != ir.INPUT:
                source = network.blocks[branch.source]
                stream = trace.blocks[branch.source][source.output_name(branch.output)]
                assert low <= stream.min()
                assert stream.max() <= high
