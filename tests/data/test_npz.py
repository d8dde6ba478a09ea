from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lava_spquant.data.errors import DataError
from lava_spquant.data.npz import read_npz

ARRAY = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def read(path: Path) -> NDArray[np.integer]:
    return read_npz(path, {"a": (3, 4)}, max_items=10)["a"]


def write_member(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", data)


def npy_bytes(shape: tuple[int, ...], descr: str, body: bytes) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue() + body


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("array", [ARRAY, np.asfortranarray(ARRAY), ARRAY.astype(">i4"), ARRAY.astype(np.uint8)])
def test_reads_what_numpy_writes(tmp_path: Path, save: object, array: NDArray[np.integer]) -> None:
    save(tmp_path / "x.npz", a=array, b=[1.5])  # type: ignore[operator]
    np.testing.assert_array_equal(read(tmp_path / "x.npz"), ARRAY)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy_bytes((2, 3, 4), "<f4", bytes(96)), "a: dtype: found float32, expected integers"),
        (npy_bytes((2, 3, 4), "|O", bytes(96)), "a: dtype: found object"),
        (npy_bytes((10**12, 3, 4), "|u1", b""), r"a: shape: found \(1000000000000, 3, 4\), expected \(1\.\.10, 3, 4\)"),
        (npy_bytes((-1, 3, 4), "|u1", b""), r"a: shape: found \(-1, 3, 4\)"),
        (npy_bytes((24,), "|u1", bytes(24)), "a: shape"),
        (npy_bytes((2, 3, 4), "|u1", bytes(23)), "a: data: found 23 bytes, expected 24 bytes"),
        (npy_bytes((2, 3, 4), "|u1", bytes(10**6)), "a: data: found more than 24 bytes"),
        (b"not an array", "a: header: found damaged"),
        (b"", "a: header: found damaged"),
        (b"\x93NUMPY\x03\x00" + bytes(100), "a: header version"),
    ],
)
def test_refuses(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.npz"
    write_member(path, data)
    with pytest.raises(DataError, match=message):
        read(path)


def test_refuses_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with pytest.raises(DataError, match=r"x\.npz: cannot be read"):
        read(path)
    path.write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"x\.npz: archive: found damaged"):
        read(path)
    np.savez(path, b=ARRAY)
    with pytest.raises(DataError, match=r"arrays: found \['b\.npy'\], expected one named a\.npy"):
        read(path)


def test_refuses_a_member_whose_checksum_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=ARRAY)
    data = bytearray(path.read_bytes())
    data[data.index(ARRAY.tobytes()) + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="archive: found damaged"):
        read(path)
