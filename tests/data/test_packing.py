from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data import DataError
from lava_spquant.data.packing import check_frame_shape, pack_frames, packed_bytes, unpack_frames

sides = st.integers(1, 4)


@given(st.tuples(sides, sides, sides, sides, sides), st.integers(1, 8), st.integers(0, 99))
def test_frames_come_back_from_as_many_bytes_as_announced(shape: tuple[int, ...], bits: int, seed: int) -> None:
    frames = np.random.default_rng(seed).integers(0, 2**bits, shape, dtype=np.uint8)
    one = check_frame_shape(shape[1:], "here")
    packed = pack_frames(frames, bits)
    assert packed.shape == (shape[0], packed_bytes(one, bits))
    np.testing.assert_array_equal(unpack_frames(packed, one, bits), frames)


def test_the_first_value_is_the_lowest_bit() -> None:
    frames = np.array([1, 0, 0, 1, 0, 0, 0, 0, 1], np.uint8).reshape(1, 1, 1, 3, 3)
    assert pack_frames(frames, 1).tolist() == [[0b1001, 1]]


def test_other_frames_are_refused() -> None:
    with pytest.raises(DataError, match=r"frames: found int64 \(1, 2, 2, 2, 2\)"):
        pack_frames(np.zeros((1, 2, 2, 2, 2), np.int64), 1)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"here: frame shape: found \(1, 0, 2, 2\)"):
        check_frame_shape((1, 0, 2, 2), "here")
