from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.report import fan_out
from tests.strategies import networks


def reached(synapse: ir.Synapse, shape: Shape) -> IntArray:
    """Count the outputs that one spike at each position changes: the fan-out, if no two taps meet."""
    count = int(np.prod(shape))
    accumulators = synapse.accumulate(np.eye(count, dtype=np.int32).reshape(count, *shape))
    return np.count_nonzero(accumulators.reshape(count, -1), axis=1).reshape(shape)


def with_ones(synapse: ir.Synapse) -> ir.Synapse:
    """Return the same synapse with every weight 1."""
    if isinstance(synapse, ir.Dense):
        return ir.Dense(np.ones_like(synapse.weight), 1)
    if isinstance(synapse, ir.Conv):
        ones = np.ones_like(synapse.weight)
        return ir.Conv(ones, 1, synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
    return synapse


@given(network=networks())
def test_fan_out_is_what_single_spikes_reach(network: ir.Network) -> None:
    for block in network.blocks:
        for branch in block.branches:
            shape = network.input.shape if branch.source == ir.INPUT else network.shapes[branch.source]
            synapse = branch.synapse
            np.testing.assert_array_equal(fan_out(synapse, shape), reached(with_ones(synapse), shape))
            np.testing.assert_array_equal(fan_out(synapse, shape, skip_zeros=True), reached(synapse, shape))


def test_border_and_stride_by_hand() -> None:
    # Kernel 3, stride 2, padding 1 on width 5: windows start at -1, 1, 3.
    conv = ir.Conv(np.ones((2, 1, 1, 3), int), 1, stride=(1, 2), padding=(0, 1))
    assert fan_out(conv, (1, 1, 5)).ravel().tolist() == [2, 4, 2, 4, 2]
    sparse = ir.Conv([[[[1, 0, 0]]], [[[1, 0, 1]]]], ir.TERNARY_BITS, stride=(1, 2), padding=(0, 1))
    assert fan_out(sparse, (1, 1, 5), skip_zeros=True).ravel().tolist() == [0, 3, 0, 3, 0]


def test_pooling_leaves_a_rest_unread() -> None:
    assert fan_out(ir.SumPool(2), (1, 2, 5)).tolist() == [[[1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]]


def test_a_source_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ir.NetworkError, match="inputs"):
        fan_out(ir.Dense([[1, 1]], 1), (3,))


def test_an_unknown_synapse_is_refused() -> None:
    class Other:
        kind = "other"

        def output_shape(self, input_shape: Shape) -> Shape:
            return input_shape

    with pytest.raises(TypeError, match="found Other, expected Dense"):
        fan_out(Other(), (3,))  # type: ignore[arg-type]
