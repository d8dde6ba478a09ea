"""The folder of compiled code."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

import numba as nb
import pytest

from lava_spquant.jit import cache_folder, cached_in, usable


def test_the_folder_belongs_to_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "a.py"
    source.write_text("one", encoding="utf-8")
    first = cache_folder("kind", [source])
    assert first.parent == tmp_path / "cache" / "lava_spquant"
    assert first.name.startswith("kind-")
    assert cache_folder("kind", [source]) == first
    assert cache_folder("other", [source]) != first
    source.write_text("two", encoding="utf-8")
    assert cache_folder("kind", [source]) != first
    source.write_text("one", encoding="utf-8")
    monkeypatch.setattr("lava_spquant.jit.cache.target", lambda: "another processor")
    assert cache_folder("kind", [source]) != first


def test_a_folder_that_cannot_be_made_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert usable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    (tmp_path / "file").touch()
    with caplog.at_level("INFO"):
        found = usable(tmp_path / "file" / "b")
    assert found.is_dir()
    assert "cannot be written to" in caplog.text


def test_a_full_disk_is_noticed_before_code_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    real = tempfile.TemporaryFile

    def full(**folder: Path) -> BinaryIO:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with caplog.at_level("INFO"):
        assert usable(tmp_path / "home") != tmp_path / "home"
    assert "cannot be written to" in caplog.text
    monkeypatch.setattr(tempfile, "TemporaryFile", real)
    assert usable(tmp_path / "home") == tmp_path / "home"
    assert not list((tmp_path / "home").iterdir())


def test_the_folder_is_used_inside_only(tmp_path: Path) -> None:
    before = nb.config.CACHE_DIR
    with cached_in(tmp_path):
        assert str(tmp_path) == nb.config.CACHE_DIR
    assert before == nb.config.CACHE_DIR
