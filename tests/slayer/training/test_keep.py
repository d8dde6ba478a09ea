"""The best checkpoint's score outlives a move of its folder."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from lava_spquant.slayer.training import KeepBest


def best(folder: Path) -> KeepBest:
    return KeepBest(folder / "best.ckpt", "valid_accuracy")


@pytest.fixture
def state(tmp_path: Path) -> dict[str, Any]:
    """What a checkpoint in the folder "old" holds."""
    keep = best(tmp_path / "old")
    path, score = str(tmp_path.resolve() / "old" / "best.ckpt"), torch.tensor(0.6)
    keep.best_model_path = keep.kth_best_model_path = path
    keep.best_k_models = {path: score}
    keep.best_model_score = keep.kth_value = score
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "best.ckpt").write_bytes(b"")
    return keep.state_dict()


@pytest.mark.parametrize("place", ["old", "new"])
def test_scores_come_back_in_the_folder_where_the_checkpoint_is(
    tmp_path: Path, state: dict[str, Any], place: str
) -> None:
    shutil.move(tmp_path / "old", tmp_path / place)
    keep, path = best(tmp_path / place), str(tmp_path.resolve() / place / "best.ckpt")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep.load_state_dict(state)
    assert keep.best_model_score == keep.kth_value == torch.tensor(0.6)
    assert keep.best_k_models == {path: torch.tensor(0.6)}
    assert keep.best_model_path == keep.kth_best_model_path == path
    assert keep.last_model_path == ""
    # The state given is the checkpoint's, and stays as it is.
    assert state["dirpath"] == str(tmp_path.resolve() / "old")


def test_without_the_checkpoint_its_score_is_of_no_use(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "new").mkdir()
    keep = best(tmp_path / "new")
    with pytest.warns(UserWarning, match="dirpath has changed"):
        keep.load_state_dict(state)
    assert keep.best_model_score is None
    assert not keep.best_k_models


def test_where_nothing_was_best_yet_nothing_is(tmp_path: Path) -> None:
    keep = best(tmp_path / "new")
    keep.load_state_dict(best(tmp_path / "old").state_dict())
    assert keep.best_model_path == keep.kth_best_model_path == ""
    assert not keep.best_k_models
