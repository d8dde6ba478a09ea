from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir import IntArray
from lava_spquant.netx.stock_weights import UnrunnableWeightsError, lava_dense_weight

EDGES = (-600, -301, -300, -257, -256, -255, -254, -129, -128, -127, -64, -3, -2, -1)
VALUES = sorted({*EDGES, 0, *(-x for x in EDGES)})


def lava_sums(weight: IntArray, spikes: IntArray) -> IntArray:
    """What NetX and the fixed-point Dense process make of a matrix, by Lava's own functions."""
    from lava.lib.dl.netx.utils import optimize_weight_bits
    from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        scaled, bits, exponent, _ = optimize_weight_bits(weight)
    scaled = scaled.astype(np.int32)
    mode = determine_sign_mode(scaled)
    sums = truncate_weights(clip_weights(scaled, mode, num_bits=8), mode, bits) @ spikes
    return np.left_shift(sums, exponent) if exponent > 0 else np.right_shift(sums, -exponent)


def all_spikes(inputs: int) -> IntArray:
    """Every subset of the inputs, (inputs, 2**inputs)."""
    return np.arange(2**inputs) >> np.arange(inputs)[:, None] & 1


def assert_as_lava(weight: IntArray) -> None:
    spikes = all_spikes(weight.shape[1])
    try:
        mine = lava_dense_weight(weight)
    except UnrunnableWeightsError:
        if not weight.any():
            with pytest.raises(OverflowError):
                lava_sums(weight, spikes)
        else:
            assert weight.max() == 0
            assert np.any(weight % 2)
        return
    assert np.array_equal(mine @ spikes, lava_sums(weight, spikes))


def test_every_pair_of_edge_values() -> None:
    for a in VALUES:
        for b in VALUES:
            assert_as_lava(np.array([[a, b]]))


@given(st.integers(0, 10), st.sampled_from([(-1, 1), (0, 1), (-1, 0)]), st.integers(0, 3), st.integers(0, 2**16))
def test_random_matrices(exponent: int, signs: tuple[int, int], zeros: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    top = max(1, 2**exponent >> zeros)
    assert_as_lava(rng.integers(signs[0] * top, signs[1] * top + 1, (3, 5)) << zeros)


def test_sums_are_rounded_where_no_matrix_can_be_named() -> None:
    weight = np.array([[-1, -1, 0]])
    with pytest.raises(UnrunnableWeightsError, match="rounds their sums"):
        lava_dense_weight(weight)
    one, other, both = lava_sums(weight, np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0]]))[0]
    assert one + other != both


def test_weights_of_slayer_pass_unchanged() -> None:
    weight = 2 * np.random.default_rng(0).integers(-128, 128, (9, 7))
    assert np.array_equal(lava_dense_weight(weight), weight)
