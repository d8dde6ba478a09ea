from __future__ import annotations

from pathlib import Path

import pytest

from lava_spquant.workflow.search.files import write_bytes, write_json, write_text


def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = write_text(tmp_path / "new" / "a.txt", "ä")
    assert path.read_bytes() == "ä".encode()
    assert write_bytes(path, b"b").read_bytes() == b"b"
    assert write_json(path, {"a": [1]}).read_text(encoding="utf-8") == '{\n "a": [\n  1\n ]\n}\n'
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_an_interrupted_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_text(tmp_path / "a.txt", "old")

    def interrupt(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("a.txt", "old")]


def test_what_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())
