from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir import SYNAPSES, TERNARY_BITS, NetworkError
from lava_spquant.ir.synapse import check_weight, required_bits
from lava_spquant.ir.synapse.base import weight_bounds

WIDTHS = [(1.58, 1), *((n, 2 ** (n - 1) - 1) for n in range(2, 17))]


@pytest.mark.parametrize(("bits", "top"), WIDTHS)
def test_the_range_of_a_width_is_symmetric(bits: float, top: int) -> None:
    check_weight(np.array([-top, 0, top]), bits, "here")
    for beyond in (-top - 1, top + 1):
        with pytest.raises(NetworkError, match=f"^here: weight: .*expected -{top}..{top} at {bits:g} bits"):
            check_weight(np.array([0, beyond]), bits, "here")


def test_one_bit_has_no_zero() -> None:
    check_weight(np.array([-1, 1, 1]), 1, "here")
    for other in (0, 2, -2):
        with pytest.raises(NetworkError, match="expected -1 and \\+1 at 1 bit"):
            check_weight(np.array([1, other]), 1, "here")


@pytest.mark.parametrize("bits", [0, -1, 1.5, 2.5, 17, 32, float("nan"), float("inf")])
def test_unsupported_widths(bits: float) -> None:
    with pytest.raises(NetworkError, match="^here: weight bits: .*expected 1, 1.58 or a whole number in 2..16"):
        check_weight(np.array([1]), bits, "here")


@given(st.lists(st.integers(-(2**15) + 1, 2**15 - 1), min_size=1, max_size=8).map(np.array))
def test_required_bits_is_the_narrowest_width(weight: np.ndarray) -> None:
    bits = required_bits(weight)
    check_weight(weight, bits, "here")
    if bits > 2:
        with pytest.raises(NetworkError, match="here"):
            check_weight(weight, bits - 1, "here")


def test_required_bits_of_nothing() -> None:
    assert required_bits(np.zeros(0, int)) == required_bits(np.zeros(3, int)) == 2


def test_registry_names_are_the_classes_kinds() -> None:
    assert all(cls.kind == kind for kind, cls in SYNAPSES.items())
    assert TERNARY_BITS == 1.58


values = st.integers(-(2**60), 2**60) | st.sampled_from([-(2**60), -1, 0, 1, 2**30, 2**60])


@given(st.lists(st.integers(-(2**15) + 1, 2**15 - 1), min_size=1, max_size=8), values, values)
def test_weight_bounds_are_exact_or_beyond_every_limit(weight: list[int], a: int, b: int) -> None:
    low_x, high_x = min(a, b), max(a, b)
    # Python's own integers do not wrap.
    ends = [sum(pick(0, w * low_x, w * high_x) for w in weight) for pick in (min, max)]
    bounds = weight_bounds(np.array([weight]), (low_x, high_x))
    for bound, exact in zip(bounds, ends, strict=True):
        assert bound.dtype == np.int64
        if abs(exact) <= 2**60:
            assert bound.item() == exact
        else:
            assert abs(bound.item()) >= 2**60
            assert (bound.item() > 0) == (exact > 0)
