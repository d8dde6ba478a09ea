from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import NetworkError
from lava_spquant.ir.arrays import as_pair, frozen_ints


def test_a_copy_that_cannot_be_written() -> None:
    source = np.array([[1, -2]], dtype=np.int64)
    frozen = frozen_ints(source, np.int16, "here", "field")
    source[0, 0] = 9
    assert frozen.tolist() == [[1, -2]]
    assert frozen.dtype == np.int16
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 3


@pytest.mark.parametrize(
    "values", [[1.0, -2.0], np.array([1, -2], dtype=np.int8), [True, False], np.array([7], np.uint64)]
)
def test_whole_numbers_of_any_type_are_accepted(values: object) -> None:
    np.testing.assert_array_equal(frozen_ints(values, np.int32, "here", "field"), np.asarray(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5], "not whole numbers"),
        ([float("nan")], "not whole numbers"),
        ([float("inf")], "found values in inf..inf"),
        ([32768], "found values in 32768..32768, expected -32768..32767"),
        ([-32769, 0], "found values in -32769..0"),
        (np.array([2**63], np.uint64), "expected -32768..32767"),
        (["1"], "expected integers"),
        ([1j], "expected integers"),
        ([None], "dtype object"),
    ],
)
def test_anything_that_would_be_rounded_or_cut_is_refused(values: object, message: str) -> None:
    with pytest.raises(NetworkError, match=f"^here: field: .*{message}"):
        frozen_ints(values, np.int16, "here", "field")


@pytest.mark.parametrize(("value", "pair"), [(3, (3, 3)), ((2, 5), (2, 5)), ([1, 4], (1, 4)), (np.int64(2), (2, 2))])
def test_as_pair(value: object, pair: tuple[int, int]) -> None:
    assert as_pair(value, "here", "field", 1) == pair


@pytest.mark.parametrize("value", [0, (1, 0), (1, 2, 3), (), 1.5, (1.0, 1), "11", None, -1])
def test_as_pair_refuses(value: object) -> None:
    with pytest.raises(NetworkError, match="^here: field: .* each >= 1"):
        as_pair(value, "here", "field", 1)
