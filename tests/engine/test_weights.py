"""Weights are kept as bytes exactly where their sums stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.engine import _tables as t
from lava_spquant.engine.weights import Pool, common_shift, lay_rows, padded_outputs
from tests.engine.harness import assert_exact

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 90), st.integers(1, 12), st.integers(1, 15), st.integers(0, 6), st.booleans())
def test_rows_hold_the_weights_without_their_common_bits(
    seed: int, outputs: int, places: int, bits: int, shift: int, narrow: bool
) -> None:
    top = 2 ** (bits - 1) - 1
    weight = np.random.default_rng(seed).integers(-top, top + 1, (places, outputs)) << shift
    weight = np.clip(weight, -(2**15) + 2**shift, 2**15 - 2**shift)
    row, pool = np.zeros(t.R_COLUMNS, np.int64), Pool(np.int16)
    pool.add(np.ones(3))
    off = lay_rows(weight, int(np.abs(weight).sum(0).max()), narrow, row, pool)
    joined = pool.join()[row[t.R_WEIGHT] :].view(np.int8 if row[t.R_BYTES] else np.int16)
    rows = joined[: (places + 1) * row[t.R_STRIDE]].reshape(places + 1, -1).astype(int)
    np.testing.assert_array_equal(rows[:-1, :outputs] << off, weight)
    assert not rows[-1].any()
    assert not rows[:, outputs:].any()
    assert row[t.R_STRIDE] == padded_outputs(outputs)
    assert narrow or not row[t.R_BYTES]
    assert row[t.R_BYTES] or off == 0


@pytest.mark.parametrize(("values", "shift"), [([], 0), ([0, 0], 0), ([1], 0), ([-2, 4], 1), ([-256], 8)])
def test_the_bits_that_no_weight_has(values: list[int], shift: int) -> None:
    assert common_shift(np.array(values, int)) == shift


@pytest.mark.parametrize(
    ("weights", "as_bytes"),
    [
        ([127, -128], True),
        ([128, 1], False),
        ([254, -256], True),
        ([256, 2], False),
        ([0, 0], True),
        ([-129, 0], False),
    ],
)
def test_weights_at_the_edge_of_a_byte(weights: list[int], as_bytes: bool) -> None:
    branch = ir.Branch(ir.Dense(np.array([weights]), 16), gain=np.array([32767]), shift=8)
    net = ir.Network(ir.InputSpec((2,)), (ir.Block("only", (branch,), ir.Relay(), np.array([0])),))
    assert Engine(net, vector=True).program.branches[0, t.R_BYTES] == as_bytes
    assert not Engine(net, vector=False).program.branches[0, t.R_BYTES]
    assert_exact(net, np.array([[[1, 0]], [[0, 1]], [[1, 1]], [[0, 0]]]))
