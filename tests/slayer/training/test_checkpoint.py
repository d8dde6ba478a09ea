"""Checkpoints are whole or absent, and are read without running anything in them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from lava_spquant.slayer.training import AtomicCheckpointIO, read_checkpoint

STATE = {"state_dict": {"weight": torch.arange(1000.0)}, "epoch": 3}


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return os.mknod, (str(self.path),)


def test_round_trip(tmp_path: Path) -> None:
    io, path = AtomicCheckpointIO(), tmp_path / "new" / "a.ckpt"
    io.save_checkpoint(STATE, path)
    found = io.load_checkpoint(path)
    assert found["epoch"] == 3
    assert torch.equal(found["state_dict"]["weight"], STATE["state_dict"]["weight"])
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_crash_while_writing_keeps_the_previous_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    io, path = AtomicCheckpointIO(), tmp_path / "a.ckpt"
    io.save_checkpoint(STATE, path)
    before = path.read_bytes()

    def half(checkpoint: object, file) -> None:  # type: ignore[no-untyped-def]
        file.write(before[:100])
        raise error

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(type(error)):
        io.save_checkpoint({**STATE, "epoch": 4}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_crash_before_the_first_one_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        AtomicCheckpointIO().save_checkpoint({"state_dict": lambda: None}, tmp_path / "a.ckpt")
    assert not list(tmp_path.iterdir())


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    path, trap = tmp_path / "a.ckpt", tmp_path / "sprung"
    torch.save({**STATE, "extra": Hostile(trap)}, path)
    with pytest.raises(ValueError, match="a.ckpt: checkpoint: found an unreadable file"):
        read_checkpoint(path)
    (tmp_path / "b.ckpt").write_bytes(pickle.dumps(Hostile(trap)))
    with pytest.raises(ValueError, match="b.ckpt: checkpoint: found an unreadable file"):
        read_checkpoint(tmp_path / "b.ckpt")
    assert not trap.exists()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint(STATE, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(ValueError, match="a.ckpt: checkpoint: found an unreadable file .* expected one written by"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], {"weights": 1}, torch.zeros(3)])
def test_another_kind_of_file(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match="a.ckpt: checkpoint: found no state_dict"):
        read_checkpoint(tmp_path / "a.ckpt")


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ckpt", tmp_path):
        with pytest.raises(FileNotFoundError, match="checkpoint: found no file"):
            read_checkpoint(path)
