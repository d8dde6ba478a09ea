from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data.errors import DataError
from lava_spquant.data.idx import read_idx
from tests.data.mnist_files import idx_bytes

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def read(path: Path) -> object:
    return read_idx(path, 3, 100, (3, 4))


@pytest.mark.parametrize("packed", [False, True])
def test_round_trip(tmp_path: Path, packed: bool) -> None:
    data = idx_bytes(IMAGES)
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(data) if packed else data)
    np.testing.assert_array_equal(read(path), IMAGES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "header: found 0 bytes, expected 16"),
        (idx_bytes(IMAGES)[:15], "header: found 15 bytes"),
        (idx_bytes(IMAGES[0]) + b"0" * 8, "magic: found 0x00000802, expected 0x00000803"),
        (b"\x00\x00\x0d\x03" + idx_bytes(IMAGES)[4:], "magic: found 0x00000d03"),
        (struct.pack(">4I", 0x803, 2**32 - 1, 3, 4), r"shape: found \(4294967295, 3, 4\), expected \(1\.\.100, 3, 4\)"),
        (struct.pack(">4I", 0x803, 0, 3, 4), r"shape: found \(0, 3, 4\)"),
        (struct.pack(">4I", 0x803, 2, 4, 3) + bytes(24), r"shape: found \(2, 4, 3\)"),
        (idx_bytes(IMAGES)[:-1], "data: found 23 bytes, expected 24 bytes"),
        (idx_bytes(IMAGES) + b"x", "data: found more than 24 bytes, expected 24 bytes"),
        (gzip.compress(idx_bytes(IMAGES) + bytes(10**6)), "data: found more than 24 bytes"),
        (gzip.compress(idx_bytes(IMAGES))[:-9], "gzip data: found damaged"),
        (gzip.compress(idx_bytes(IMAGES))[:-8] + bytes(8), "gzip data: found damaged"),
        (b"\x1f\x8bgarbage", "gzip data: found damaged"),
    ],
)
def test_refuses(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "images"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: cannot be read"):
        read(tmp_path / "none")


@given(position=st.integers(0, 10**6), value=st.integers(1, 255), packed=st.booleans())
def test_one_damaged_byte_is_either_a_pixel_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int, packed: bool
) -> None:
    whole = gzip.compress(idx_bytes(IMAGES), mtime=0) if packed else idx_bytes(IMAGES)
    damaged = bytearray(whole)
    damaged[position % len(whole)] ^= value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged)
    try:
        found = read(path)
    except DataError:
        return
    assert isinstance(found, np.ndarray)
    assert found.shape == IMAGES.shape
    assert (found != IMAGES).sum() <= 1
