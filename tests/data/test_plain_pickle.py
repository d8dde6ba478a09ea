from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data.plain_pickle import NotPlainError, Written, read_array, read_plain
from tests.data.cifar10_files import old_pickle, tiny

PIXELS, LABELS = tiny("test_batch")

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(plain, st.integers(3, 4))
def test_plain_data_comes_back(value: Any, protocol: int) -> None:
    assert read_plain(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays(protocol: int) -> None:
    for array in (PIXELS, np.asfortranarray(PIXELS[:, :7])):
        np.testing.assert_array_equal(read_array(read_plain(pickle.dumps(array, protocol))), array)


def test_what_python_2_wrote() -> None:
    data = old_pickle(PIXELS, LABELS)
    # The stream of this test is a pickle that Python understands.
    assert pickle.loads(data, encoding="latin1")["labels"] == LABELS.tolist()  # noqa: S301
    found = read_plain(data)
    assert found["labels"] == LABELS.tolist()
    np.testing.assert_array_equal(read_array(found["data"]), PIXELS)


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_nothing_is_called(tmp_path: Path, protocol: int) -> None:
    data = pickle.dumps({"data": Hostile(tmp_path / "made")}, protocol)
    found = read_plain(data)["data"]
    assert isinstance(found, Written)
    assert found.name[1] == "mkdir"
    assert not (tmp_path / "made").exists()
    with pytest.raises(NotPlainError, match="not"):
        read_array(Written(("numpy.core.multiarray", "_reconstruct"), (), (1, (2,), found, False, b"ab")))
    pickle.loads(data)  # noqa: S301  # it would have
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "value", [{1, 2}, OrderedDict(a=1), complex(1, 2), np.zeros(3), np.zeros(2, np.int8), 5, Written(("os", "mkdir"))]
)
def test_other_values_are_no_arrays_of_bytes(value: Any) -> None:
    with pytest.raises(NotPlainError):
        read_array(value if isinstance(value, Written) else read_plain(pickle.dumps(value, 3)))


@given(st.data())
def test_damaged_pickles_raise_one_error(data: st.DataObject) -> None:
    whole = bytearray(old_pickle(PIXELS[:1, :20], LABELS[:1]))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        found = read_plain(bytes(whole[:cut]))
        read_array(found["data"] if isinstance(found, dict) else found)
    except (NotPlainError, KeyError):
        pass


@pytest.mark.parametrize("data", [b"", b".", b"e.", b"K", b"K\x01", b"NNR.", b"h\x05.", b"(K\x01", b"u.", b"NNb."])
def test_streams_that_make_no_sense(data: bytes) -> None:
    with pytest.raises(NotPlainError):
        read_plain(data)
