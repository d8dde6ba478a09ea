from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir import Membrane, NetworkError
from lava_spquant.ir.limits import STATE_MAX


@st.composite
def membranes(draw: st.DrawFn) -> Membrane:
    step = draw(st.integers(0, 14))
    low, high = draw(st.integers(-(2**7), 0)), draw(st.integers(0, 2**7 - 1))
    return Membrane(step, low, high if high > low else 1)


values = st.lists(st.integers(-STATE_MAX, STATE_MAX), min_size=1, max_size=20).map(np.array)


@given(membranes(), values)
def test_idempotent(membrane: Membrane, m: np.ndarray) -> None:
    once = membrane.quantise(m)
    np.testing.assert_array_equal(membrane.quantise(once), once)


@given(membranes(), values)
def test_monotone(membrane: Membrane, m: np.ndarray) -> None:
    assert np.all(np.diff(membrane.quantise(np.sort(m))) >= 0)


@given(membranes(), values)
def test_the_nearest_level_halves_up(membrane: Membrane, m: np.ndarray) -> None:
    levels = [q * 2**membrane.step_exp for q in range(membrane.q_min, membrane.q_max + 1)]
    # Among equally near levels the larger one.
    nearest = [min(levels, key=lambda level, v=int(v): (abs(level - v), -level)) for v in m]
    assert membrane.quantise(m).tolist() == nearest


@given(membranes())
def test_every_level_is_reached_and_no_other(membrane: Membrane) -> None:
    step = 2**membrane.step_exp
    m = np.arange(membrane.q_min - 2, membrane.q_max + 3) * step
    found = np.unique(membrane.quantise(m))
    assert found.tolist() == [q * step for q in range(membrane.q_min, membrane.q_max + 1)]
    assert len(found) <= 2**membrane.bits < 2 * len(found)


def test_m_is_not_changed() -> None:
    m = np.array([1, 99])
    Membrane(3, -1, 1).quantise(m)
    assert m.tolist() == [1, 99]


def test_extremes_do_not_overflow() -> None:
    m = np.array([-STATE_MAX, STATE_MAX], dtype=np.int32)
    assert Membrane(22, -1, 1).quantise(m).tolist() == [-(2**22), 2**22]
    assert Membrane(0, -STATE_MAX, STATE_MAX).quantise(m).tolist() == m.tolist()


@pytest.mark.parametrize(
    ("levels", "bits"), [((-1, 1), 2), ((-3, 1), 3), ((0, 1), 1), ((-2, 1), 2), ((-8, 7), 4), ((-128, 127), 8)]
)
def test_bits(levels: tuple[int, int], bits: int) -> None:
    assert Membrane(6, *levels).bits == bits


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, -1, 1), "step_exp: found -1, expected 0..22"),
        ((23, -1, 1), "step_exp: found 23, expected 0..22"),
        ((6, 1, 2), "levels: found 1..2"),
        ((6, -2, -1), "levels: found -2..-1"),
        ((6, 0, 0), "levels: found 0..0"),
        ((22, -2, 1), "largest level: found 8388608, expected at most 8388607"),
        ((6.0, -1, 1), "whole numbers"),
        ((6, -1, 1.5), "whole numbers"),
    ],
)
def test_refused(fields: tuple[int, int, int], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^membrane quantiser: .*{message}"):
        Membrane(*fields)


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Membrane(6, -1, 1).q_min = -3


def test_numpy_integers_do_not_wrap_in_the_checks() -> None:
    """In 8 bits 3 << 22 is 0, and the negative of -128 is -128."""
    with pytest.raises(NetworkError, match="largest level: found 12582912"):
        Membrane(np.int8(22), np.int8(-3), np.int8(3))
    with pytest.raises(NetworkError, match="largest level: found 8388608"):
        Membrane(np.int8(16), np.int8(-128), np.int8(1))
    assert Membrane(np.int8(22), np.int8(-1), np.int8(1)).quantise(np.array([2**22])).tolist() == [2**22]
