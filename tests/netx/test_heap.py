"""Variable-length text from the file's own bytes."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant.netx import NetXError
from lava_spquant.netx.dataset import Budget
from lava_spquant.netx.errors import Place
from lava_spquant.netx.node import Node

WORDS = np.array([["one", "", "drei " * 40], ["vier", "fünf", "x"]], dtype=object)


def written(path: Path) -> int:
    """Write `WORDS` and return where its heap begins."""
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset("words", data=WORDS, dtype=h5py.string_dtype())
    return path.read_bytes().index(b"GCOL")


def read(path: Path, limit: int = 256) -> np.ndarray:
    with h5py.File(path) as file:
        return Node(file["/"], Place(path.name), Budget()).texts("words", limit)


def test_texts_come_back(tmp_path: Path) -> None:
    written(tmp_path / "a.h5")
    assert read(tmp_path / "a.h5").tolist() == WORDS.tolist()


def test_many_texts_fill_several_heaps(tmp_path: Path) -> None:
    words = np.array([f"word {i}" for i in range(900)], dtype=object)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("words", data=words, dtype=h5py.string_dtype())
    assert read(tmp_path / "a.h5").tolist() == words.tolist()


def test_a_text_that_is_too_long_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "a.h5")
    with pytest.raises(NetXError, match="a.h5: words: found 200 bytes of text, expected at most 100"):
        read(tmp_path / "a.h5", 100)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (0, b"X"),  # no heap
        (8, b"\xff" * 8),  # longer than the file
        (16 + 8, b"\xff" * 8),  # the first object takes all
        (16, b"\x00\x00"),  # no objects at all
        (16, b"\x63\x00"),  # the first object has another index
    ],
)
def test_a_damaged_heap_is_refused(offset: int, value: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    heap = written(path)
    content = bytearray(path.read_bytes())
    content[heap + offset : heap + offset + len(value)] = value
    path.write_bytes(content)
    with pytest.raises(NetXError, match="words: found (a damaged heap|text that is not there)"):
        read(path)
