from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from lava.utils.weightutils import clip_weights, truncate_weights

from lava_spquant.proc.stock_dense import stock_dense


@st.composite
def weights(draw):
    low, high = sorted(draw(st.tuples(st.integers(-300, 300), st.integers(-300, 300))))
    values = st.integers(low, high).map(lambda w: w * draw(st.just(1)))
    return draw(hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=4), elements=values))


@given(weights(), st.booleans())
def test_lava_multiplies_with_exactly_these_weights(weight, even):
    weight = weight * 2 if even else weight
    found = stock_dense(weight)
    if found is None:
        assert np.abs(weight).max() > 127
        return
    held = truncate_weights(
        clip_weights(found.weights, found.sign_mode, num_bits=8), found.sign_mode, found.num_weight_bits
    )
    assert 1 <= found.num_weight_bits <= 8
    np.testing.assert_array_equal(held >> -found.weight_exp, weight)
    # No bit is lost where the sum is shifted back.
    np.testing.assert_array_equal(held & ((1 << -found.weight_exp) - 1), 0)


@pytest.mark.parametrize("bits", range(2, 9))
def test_declared_width_reaches_lava(bits):
    top = 2 ** (bits - 1) - 1
    assert stock_dense(np.array([[top, -top]])).num_weight_bits == bits
