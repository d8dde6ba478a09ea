"""Variable-length text from the file's own bytes."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant.netx import NetXError
from lava_spquant.netx.dataset import Budget
from lava_spquant.netx.errors import Place
from lava_spquant.netx.heap import Heap
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


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def entry(length: int, address: int, index: int) -> bytes:
    """What a dataset holds for one text."""
    return number(length, 4) + number(address, 8) + number(index, 4)


def collection(*objects: tuple[int, bytes], whole: int | None = None) -> bytes:
    """A heap collection of objects (index, data), or the beginning of one of `whole` bytes."""
    parts = [number(i, 2) + bytes(6) + number(len(data), 8) + data + bytes(-len(data) % 8) for i, data in objects]
    body = b"".join(parts)
    return b"GCOL\x01\0\0\0" + number(16 + len(body) if whole is None else whole, 8) + body


def taken(heap: Heap, content: bytes, *entries: bytes, limit: int = 2**24) -> list[bytes]:
    return heap.texts(io.BytesIO(content), b"".join(entries), limit, Place("a.h5"), "words")


WITHOUT_END = (
    "^a.h5: words: found text without end, expected at most 134217728 bytes and 1048576 texts in the whole file$"
)


def test_a_collection_is_parsed_once() -> None:
    content, heap = collection((1, b"one"), (2, b""), (3, b"three")), Heap()
    before = heap.bytes_left, heap.items_left
    for _ in range(3):
        assert taken(heap, content, entry(3, 0, 1), entry(0, 0, 2), entry(4, 0, 3)) == [b"one", b"", b"thre"]
    assert heap.bytes_left == before[0] - len(content) - 3 * len(b"one" + b"thre")
    assert heap.items_left == before[1] - 3 - 3 * 3


def test_all_datasets_of_a_file_share_its_collections(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["first"], file["second"] = "a" * 20, "b" * 30
    budget = Budget()
    with h5py.File(path) as file:
        node = Node(file["/"], Place(path.name), budget)
        assert node.text("first") == "a" * 20
        left = budget.heap.bytes_left, budget.elements
        assert [node.text("second") for _ in range(2)] == ["b" * 30] * 2
    # The collection takes 4096 bytes, once.
    assert budget.heap.bytes_left == left[0] - 2 * 30
    assert budget.elements == left[1] - 2


def test_short_text_is_counted_too(tmp_path: Path) -> None:
    written(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["word"] = "x"
    with h5py.File(tmp_path / "a.h5") as file:
        budget = Budget()
        node = Node(file["/"], Place("a.h5"), budget)
        node.text("word")
        budget.heap.items_left = 9
        assert [node.text("word") for _ in range(9)] == ["x"] * 9
        with pytest.raises(NetXError, match="^a.h5: word: found text without end"):
            node.text("word")


def test_objects_without_data_count() -> None:
    objects = [(index, b"") for index in range(1, 101)]
    assert taken(Heap(items_left=102), collection(*objects, (101, b"x")), entry(1, 0, 101)) == [b"x"]
    with pytest.raises(NetXError, match=WITHOUT_END):
        taken(Heap(items_left=100), collection(*objects, (101, b"x")), entry(1, 0, 101))


def test_objects_of_one_index_are_refused() -> None:
    with pytest.raises(NetXError, match="words: found a damaged heap"):
        taken(Heap(), collection((1, b"one"), (1, b"two")), entry(3, 0, 1))


def test_collections_within_collections_count_each_time() -> None:
    """A file of 2**20 bytes could pose as 2**15 collections of half that size on average: 2**34 bytes."""
    size, step = 2**20, 32
    starts = range(0, size, step)
    # One object that holds all collections behind it.
    parts = (
        collection(whole=size - start) + number(1, 2) + bytes(6) + number(size - start - step, 8) for start in starts
    )
    content, heap = b"".join(parts), Heap()
    assert len(content) == size
    with pytest.raises(NetXError, match=WITHOUT_END):
        taken(heap, content, *(entry(1, start, 1) for start in starts))
    assert len(heap._collections) <= 2**7


def test_one_long_text_cannot_be_taken_without_end() -> None:
    content = collection((1, bytes(2**20)))
    with pytest.raises(NetXError, match=WITHOUT_END):
        taken(Heap(), content, *([entry(2**20, 0, 1)] * 128))
    assert len(taken(Heap(), content, *([entry(2**20, 0, 1)] * 126))) == 126
