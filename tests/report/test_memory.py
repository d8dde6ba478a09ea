from __future__ import annotations

import math

import pytest
from hypothesis import given

from lava_spquant import ir
from lava_spquant.report import Storage, memory
from tests.report.networks import classifier, stock
from tests.strategies import networks


def test_every_value_of_the_classifier_is_counted_by_hand() -> None:
    rows = {row.name: row for row in memory(classifier()).rows}
    conv, pool, skip, dense, readout = (rows[n] for n in ("conv-1", "pool", "conv-2", "dense", "readout"))
    # 4 kernels of 1x3x2 at 8 bits; 4 gains of 16; 4 biases of 32; 4x6x4 neurons of 2 bits.
    assert (conv.weights, conv.gains, conv.biases) == (Storage(24, 192), Storage(4, 64), Storage(4, 128))
    assert (conv.neurons, conv.state, conv.weight_bits) == (96, Storage(96, 192), (8.0,))
    assert (pool.weights, pool.gains, pool.state, pool.weight_bits) == (Storage(), Storage(4, 64), Storage(), ())
    # Ternary weights take 2 bits; two branches have two gains; one bias per neuron; five levels take 3 bits.
    assert (skip.weights, skip.gains, skip.biases) == (Storage(72, 144), Storage(8, 128), Storage(48, 48 * 32))
    assert (skip.state, skip.weight_bits) == (Storage(48, 144), (1.58,))
    assert (dense.weights, dense.state) == (Storage(288, 576), Storage(6, 12))
    assert (readout.weights, readout.state) == (Storage(18, 72), Storage(3, 72))


def test_current_based_neurons_keep_two_variables() -> None:
    first, second = memory(stock()).rows
    assert first.state == Storage(4, 2 * 48)
    assert (first.weights, second.weights) == (Storage(6, 6), Storage(2, 16))


def test_total_at_32_bits_and_ratio() -> None:
    total = memory(classifier()).total
    values = (24 + 72 + 288 + 18) + (4 + 4 + 8 + 6 + 3) + (4 + 4 + 48 + 6 + 3) + (96 + 48 + 6 + 3)
    assert total.total.count == values
    assert total.total.bits_at_32 == 32 * values
    assert total.ratio == pytest.approx(32 * values / total.total.bits)
    assert total.total.mb_at_32 == pytest.approx(4e-6 * values)
    assert (total.name, total.neurons, total.weight_bits) == ("classifier", 96 + 96 // 2 + 48 + 6 + 3, (1.58, 4.0, 8.0))


def test_the_papers_convention_counts_kernels_and_the_state_twice() -> None:
    account = memory(classifier())
    kernels = [block.branches[0].synapse for block in classifier().blocks]
    count = sum(synapse.weight.size for synapse in kernels if isinstance(synapse, ir.Conv))
    total = account.total
    assert total.kernels.count == count < total.weights.count
    assert total.paper_mb == pytest.approx(total.kernels.mb + 2 * total.state.mb)
    assert total.paper_mb_at_32 == pytest.approx(4e-6 * count + 2 * total.state.mb_at_32)
    assert total.paper_ratio == pytest.approx(total.paper_mb_at_32 / total.paper_mb)


def test_without_a_convolution_the_papers_convention_counts_dense_weights() -> None:
    block = ir.Block("only", (ir.Branch(ir.Dense([[1, -1]], 1.58), gain=[1]),), ir.Readout(), [0])
    total = memory(ir.Network(ir.InputSpec((2,)), (block,))).total
    assert total.paper_mb_at_32 == pytest.approx((2 * 32 + 2 * 32) / 8e6)


@given(network=networks())
def test_the_account_of_any_network_is_complete(network: ir.Network) -> None:
    account = memory(network)
    branches = [branch for block in network.blocks for branch in block.branches]
    weights = sum(math.prod(getattr(branch.synapse, "weight", [[]]).shape) for branch in branches
                  if hasattr(branch.synapse, "weight"))  # fmt: skip
    assert account.total.weights.count == weights
    assert account.total.neurons == network.num_neurons
    assert account.total.gains.count == sum(branch.gain.size for branch in branches)
    assert account.total.biases.bits == sum(8 * block.bias.nbytes for block in network.blocks)
    assert account.total.total.bits == sum(row.total.bits for row in account.rows)
    assert account.total.total.bits <= account.total.total.bits_at_32
    assert account.total.ratio >= 1
