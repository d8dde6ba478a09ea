from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DataError
from lava_spquant.data.cache import CACHE_BYTES_ENV, DEFAULT_BYTES, HEADER, RowCache, Rows, cache_key, default_cache

ROWS = np.random.default_rng(0).integers(0, 256, (10, 7), dtype=np.uint8)
SIZE = HEADER.size + ROWS.size


class Source:
    """Computes `ROWS` in two parts, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Iterator[Rows]:
        self.calls += 1
        yield ROWS[:6]
        yield ROWS[6:]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_computed_once_then_mapped(tmp_path: Path) -> None:
    cache, source = RowCache(tmp_path / "new" / "folder"), Source()
    for _ in range(3):
        rows = cache.rows("a", 10, 7, source)
        np.testing.assert_array_equal(rows, ROWS)
        assert not rows.flags.writeable
    assert source.calls == 1
    assert files(cache.folder) == ["a.rows"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: b"X" + data[1:],
        lambda data: data[:8] + bytes([7]) + data[9:16] + bytes([10]) + data[17:],  # 7 rows of 10 bytes
    ],
)
def test_a_damaged_file_is_replaced_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    cache, source = RowCache(tmp_path), Source()
    cache.rows("a", 10, 7, source)
    path = tmp_path / "a.rows"
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(cache.rows("a", 10, 7, source), ROWS)
        cache.rows("a", 10, 7, source)
    assert source.calls == 2
    assert [record.getMessage() for record in caplog.records] == [f"{path}: found damaged, is computed anew"]


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, max_bytes=3 * SIZE)
    now = time.time()
    for age, key in enumerate("cab"):
        cache.rows(key, 10, 7, Source())
        os.utime(tmp_path / f"{key}.rows", (now - 1000 + age, now - 1000 + age))
    kept = cache.rows("c", 10, 7, Source())  # used just now
    cache.rows("d", 10, 7, Source())
    assert files(tmp_path) == ["b.rows", "c.rows", "d.rows"]
    RowCache(tmp_path, max_bytes=SIZE).rows("e", 10, 7, Source())
    assert files(tmp_path) == ["e.rows"]
    np.testing.assert_array_equal(kept, ROWS)  # evicted, and mapped still


def test_what_exceeds_the_bound_is_computed_and_not_kept(tmp_path: Path) -> None:
    for bound in (0, SIZE - 1):
        np.testing.assert_array_equal(RowCache(tmp_path, bound).rows("a", 10, 7, Source()), ROWS)
    assert not files(tmp_path)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache, source = RowCache(tmp_path / "file"), Source()
    np.testing.assert_array_equal(cache.rows("a", 10, 7, source), ROWS)


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    def stopped() -> Iterator[Rows]:
        yield ROWS[:6]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RowCache(tmp_path).rows("a", 10, 7, stopped)
    assert not files(tmp_path)


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    for name, age in (("old", 90_000), ("young", 10)):
        path = tmp_path / f"{name}.tmp"
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    RowCache(tmp_path).rows("a", 10, 7, Source())
    assert files(tmp_path) == ["a.rows", "young.tmp"]


@pytest.mark.parametrize("parts", [[ROWS[:6]], [ROWS, ROWS], [ROWS[:, :5]], [ROWS.astype(int)]])
def test_rows_of_another_shape_are_refused(tmp_path: Path, parts: list[Rows]) -> None:
    for cache in (RowCache(tmp_path), RowCache(tmp_path, 0)):
        with pytest.raises(DataError, match="cache: computed rows"):
            cache.rows("a", 10, 7, lambda: parts)
    assert not files(tmp_path)


def _slowly(folder: Path, start: multiprocessing.synchronize.Event, counted: Path) -> None:
    def compute() -> Iterator[Rows]:
        with counted.open("a") as file:
            file.write("x")
        time.sleep(0.2)
        yield ROWS

    start.wait(30)
    assert np.array_equal(RowCache(folder).rows("a", 10, 7, compute), ROWS)


def test_processes_at_once_compute_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, counted = context.Event(), tmp_path / "counted"
    workers = [context.Process(target=_slowly, args=(tmp_path / "cache", start, counted)) for _ in range(3)]
    for worker in workers:
        worker.start()
    start.set()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert counted.read_text() == "x"
    assert files(tmp_path / "cache") == ["a.rows"]


@dataclass(frozen=True)
class Options:
    threshold: float = 0.5
    side: tuple[int, int] = (2, 3)


def test_a_key_names_everything() -> None:
    keys = {
        cache_key("a", ROWS, Options()),
        cache_key("b", ROWS, Options()),
        cache_key("a", ROWS[:9], Options()),
        cache_key("a", ROWS.reshape(7, 10), Options()),
        cache_key("a", ROWS.view(np.int8), Options()),
        cache_key("a", ROWS, Options(0.6)),
        cache_key("a", ROWS, Options(), 1),
    }
    assert len(keys) == 7
    assert cache_key("a", ROWS.T, Options()) == cache_key("a", ROWS.T.copy(), Options())
    assert cache_key("a", ROWS, Options()) == cache_key("a", ROWS.copy(), Options(0.5))


def test_where_it_is_and_how_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(CACHE_BYTES_ENV, raising=False)
    assert default_cache() == RowCache(tmp_path / "lava_spquant" / "data", DEFAULT_BYTES)
    monkeypatch.setenv(CACHE_BYTES_ENV, "12")
    assert default_cache().max_bytes == 12
    monkeypatch.setenv(CACHE_BYTES_ENV, "1 GB")
    with pytest.raises(DataError, match="LAVA_SPQUANT_CACHE_BYTES: found '1 GB', expected a number of bytes"):
        default_cache()
