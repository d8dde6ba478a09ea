from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.proc.stock_lif import stock_lif

BRANCH = ir.Branch(ir.Dense([[1], [1]], 2), [64, 64])


@given(st.lists(st.integers(-(2**22), 2**22), min_size=2, max_size=2), st.integers(0, 7))
def test_bias_is_exact_and_fits_lavas_fields(bias, exp):
    bias = [b >> exp << exp for b in bias]
    found = stock_lif(ir.Block("b", (BRANCH,), ir.Cuba(0, 0, 64), bias))
    if found is None:
        assert any(abs(b) > 32767 << exp for b in bias)
        return
    np.testing.assert_array_equal(found.bias_mant << found.bias_exp, bias)
    assert np.abs(found.bias_mant).max() < 2**15
    assert found.bias_exp.min() >= 0
    assert found.bias_exp.max() <= 7


def test_decays_and_threshold():
    found = stock_lif(ir.Block("b", (BRANCH,), ir.Cuba(410, 4096, 25 << 6), [0, 0]))
    assert (found.du, found.dv, found.vth) == (409, 4096, 25)


def test_other_neurons_are_not_lavas():
    assert stock_lif(ir.Block("b", (BRANCH,), ir.QLif(0, 64), [0, 0])) is None
