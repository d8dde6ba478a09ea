"""Pruning leaves a checkpoint with a recipe of its own, and nothing else that was there is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow import prune
from lava_spquant.workflow.checkpoint import load_checkpoint
from lava_spquant.workflow.prune import PruneConfig, prune_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe, recipe_text
from lava_spquant.workflow.train import LAST_CHECKPOINT, train
from tests.workflow.bright_rows import TEXT, bright_rows

HALF = PruneConfig(widths=(2,), samples=20)


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    # Nothing here depends on the executor, and this one is there at once.
    monkeypatch.setattr(prune, "default_executor", lambda: "reference")
    return bright_rows(monkeypatch)


@pytest.fixture
def dense(recipe: Recipe, tmp_path: Path) -> Path:
    return train(load_recipe(TEXT, ["training.epochs=1"]), tmp_path / "tiny", progress=False).checkpoint


def test_what_is_pruned_has_a_name_of_its_own(dense: Path, tmp_path: Path) -> None:
    done = prune_checkpoint(dense, tmp_path / "small.ckpt", HALF)
    assert (done.recipe.name, done.recipe.model.channels) == ("tiny-pruned", (2, 3))
    assert load_recipe(done.recipe_file) == done.recipe
    assert [side.network.name for side in (done.before, done.after)] == ["tiny", "tiny-pruned"]
    found, model = load_checkpoint(done.checkpoint)
    assert (found, model.name) == (done.recipe, "tiny-pruned")
    # Pruned once more, it must not meet the first one's folder either.
    again = prune_checkpoint(done.checkpoint, tmp_path / "less.ckpt", PruneConfig(widths=(1,), samples=20))
    assert again.recipe.name == "tiny-pruned-pruned"


def test_another_pruning_does_not_go_on_with_the_first_ones_training(dense: Path, tmp_path: Path) -> None:
    made = [
        prune_checkpoint(dense, tmp_path / f"{seed}.ckpt", PruneConfig(f"random:{seed}", widths=(2,), samples=20))
        for seed in (0, 1)
    ]
    assert made[0].recipe == made[1].recipe
    assert (made[0].keep[0] != made[1].keep[0]).any()
    plan, folder = made[0].recipe, tmp_path / made[0].recipe.name
    trained = [train(plan, folder, progress=False, initial=made[0].checkpoint) for _ in range(2)]
    assert trained[0].accuracy == trained[1].accuracy
    with pytest.raises(ValueError, match="initial: found a run that began from weights"):
        train(plan, folder, progress=False, initial=made[1].checkpoint)


def test_where_the_dense_network_began_is_not_taken_over(dense: Path, tmp_path: Path) -> None:
    assert "initial" in read_checkpoint(dense)["hyper_parameters"]
    done = prune_checkpoint(dense, tmp_path / "small.ckpt", HALF)
    assert "initial" not in read_checkpoint(done.checkpoint)["hyper_parameters"]


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_the_checkpoint_that_is_read_is_not_written_over(dense: Path, tmp_path: Path, link) -> None:
    before, target = dense.read_bytes(), dense
    if link is not None:
        target = tmp_path / "other.ckpt"
        link(dense, target)
    with pytest.raises(ValueError, match=r"\.ckpt: checkpoint: found the one that is read, expected another file"):
        prune_checkpoint(dense, target, HALF)
    assert dense.read_bytes() == before
    assert not target.with_suffix(".yaml").exists()


def test_a_missing_checkpoint_is_named_though_another_lies_where_it_goes(dense: Path, tmp_path: Path) -> None:
    before = dense.read_bytes()
    with pytest.raises(FileNotFoundError, match=r"missing\.ckpt: checkpoint: found no file, expected one written"):
        prune_checkpoint(tmp_path / "missing.ckpt", dense, HALF)
    assert dense.read_bytes() == before


@pytest.mark.parametrize("name", ["mine.ckpt", "mine"])
def test_a_recipe_that_somebody_wrote_is_kept(dense: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\n")
    expected = rf"mine\.yaml: recipe: found another one, expected none, as the recipe of {name} goes there; choose"
    with pytest.raises(ValueError, match=expected):
        prune_checkpoint(dense, tmp_path / name, HALF)
    assert mine.read_text() == "name: mine\n"
    assert not (tmp_path / name).exists()


def test_the_recipe_of_a_run_is_kept(recipe: Recipe, dense: Path) -> None:
    run = sorted(path.name for path in dense.parent.iterdir())
    with pytest.raises(ValueError, match=r"recipe\.yaml: recipe: found another one"):
        prune_checkpoint(dense, dense.parent / "recipe.ckpt", HALF)
    assert sorted(path.name for path in dense.parent.iterdir()) == run
    assert load_recipe(dense.parent / "recipe.yaml").name == recipe.name


def test_the_same_pruning_is_done_again(dense: Path, tmp_path: Path) -> None:
    for _ in range(2):
        done = prune_checkpoint(dense, tmp_path / "small.ckpt", HALF)
        assert done.recipe_file.read_text() == recipe_text(done.recipe)
    # Another one of the same name would leave a recipe that does not fit what lies beside it.
    with pytest.raises(ValueError, match=r"small\.yaml: recipe: found another one"):
        prune_checkpoint(dense, tmp_path / "small.ckpt", PruneConfig(widths=(3,), samples=20))
    assert load_checkpoint(tmp_path / "small.ckpt")[0] == load_recipe(tmp_path / "small.yaml")


def test_a_run_does_not_go_on_from_what_pruning_wrote(dense: Path, tmp_path: Path) -> None:
    done = prune_checkpoint(dense, tmp_path / "small" / LAST_CHECKPOINT, HALF)
    before = done.checkpoint.read_bytes()
    with pytest.raises(ValueError, match=r"last\.ckpt: checkpoint: found a network alone \(tiny-pruned\), expected"):
        train(done.recipe, tmp_path / "small", progress=False, initial=done.checkpoint)
    assert done.checkpoint.read_bytes() == before
