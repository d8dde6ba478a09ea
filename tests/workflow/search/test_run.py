"""A search in one process: the same every time, resumed as if it had never stopped, and its results."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lava_spquant import netx
from lava_spquant.data import DATASETS, DataError
from lava_spquant.slayer.training import Classifier
from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.search import SearchResult, Space, load_space, search
from lava_spquant.workflow.search.objective import run_trial
from lava_spquant.workflow.search.settings import Settings
from lava_spquant.workflow.search.study import Claim, StudyFolder

TRIALS = 4


def lines(found: SearchResult) -> list[dict[str, object]]:
    return [row.plain() for row in found.trials]


def test_results(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    told: list[int] = []
    found = search(recipe, space, tmp_path / "study", trials=TRIALS, progress=lambda name, total: told.append)
    assert told == [0, 1, 2, 3, 4]
    assert [row.number for row in found.trials] == list(range(TRIALS))
    assert {row.state for row in found.trials} == {"complete"}
    assert {path.name for path in found.files} >= {"trials.csv", "trials.json", "pareto.png", "pareto.svg"}
    assert all(path.is_file() for path in found.files)
    with (found.folder / "trials.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(line["accuracy"]) for line in table] == [line["accuracy"] for line in lines(found)]
    assert [line["model.weight"] for line in table] == [row.values["model.weight"] for row in found.trials]
    stored = json.loads((found.folder / "trials.json").read_text(encoding="utf-8"))
    assert stored["trials"] == lines(found)
    assert stored["front"] == [row.number for row in found.front]
    networks = sorted(path.name for path in (found.folder / "front").iterdir())
    assert networks == sorted(f"trial-{row.number:04d}.net" for row in found.front)
    for row in found.front:
        assert netx.load(found.folder / "front" / f"trial-{row.number:04d}.net").name == row.recipe_name


def test_one_worker_does_the_same_every_time(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    one, other = (search(recipe, space, tmp_path / name, trials=TRIALS) for name in ("one", "other"))
    assert lines(one) == lines(other)


def test_stopped_and_resumed_is_searched_straight_through(
    recipe: Recipe, space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = search(recipe, space, tmp_path / "straight", trials=TRIALS)
    step = Classifier.training_step

    def interrupted(self: Classifier, batch: object, index: int) -> object:
        if self.current_epoch == 1 and self.hparams["recipe"].startswith("name: tiny-0002"):
            raise KeyboardInterrupt
        return step(self, batch, index)  # type: ignore[arg-type]

    monkeypatch.setattr(Classifier, "training_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(recipe, space, tmp_path / "stopped", trials=TRIALS)
    assert (tmp_path / "stopped" / "trials" / "0002" / "last.ckpt").is_file()
    assert not (tmp_path / "stopped" / "trials" / "0002" / "result.json").exists()
    monkeypatch.setattr(Classifier, "training_step", step)
    assert lines(search(recipe, space, tmp_path / "stopped", trials=TRIALS)) == lines(straight)


def test_a_study_can_grow_and_its_front_with_it(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    few = search(recipe, space, tmp_path, trials=2)
    stray = tmp_path / "front" / "mine.net"
    stray.write_bytes(b"")
    more = search(recipe, space, tmp_path, trials=TRIALS)
    assert [line["accuracy"] for line in lines(more)][:2] == [line["accuracy"] for line in lines(few)]
    kept = {path.name for path in (tmp_path / "front").iterdir()}
    assert kept == {f"trial-{row.number:04d}.net" for row in more.front} | {stray.name}
    # Fewer trials than there are: nothing to do but to show them.
    assert lines(search(recipe, space, tmp_path, trials=1)) == lines(more)


def test_a_failed_trial_is_told_and_the_others_go_on(recipe: Recipe, tmp_path: Path) -> None:
    space = load_space("model.architecture: [4s2-FC, 4s2-AP9-FC]\n")
    found = search(recipe, space, tmp_path, trials=5)
    assert {row.state for row in found.trials} == {"complete", "failed"}
    for row in found.trials:
        fits = row.values["model.architecture"] == "4s2-FC"
        assert (row.measured is not None, row.error is None) == (fits, fits)
    assert all(row.measured is not None for row in found.front)


def test_a_search_without_a_network_says_why(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"complete trials: found none, .*; trial 0: architecture: AP9: found an input"
    ):
        search(recipe, load_space("model.architecture: [4s2-AP9-FC]\n"), tmp_path, trials=1)


def test_a_search_whose_trials_are_all_with_others_says_so(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    other = StudyFolder.begin(tmp_path, Settings(recipe, space)).claim(1)
    assert other is not None
    with pytest.raises(ValueError, match="found none, .*; others work on them: run it again later"):
        search(recipe, space, tmp_path, trials=1)
    other.lock.release()
    assert len(search(recipe, space, tmp_path, trials=1).front) == 1


def test_what_is_wrong_is_told_before_any_trial(
    recipe: Recipe, space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(recipe, space, tmp_path / "study", trials=1)

    def never(claim: Claim, data_path: Path | None) -> None:
        raise AssertionError("a trial began")

    monkeypatch.setattr("lava_spquant.workflow.search.worker.run_trial", never)
    assert run_trial is not never
    longer = replace(recipe, training=replace(recipe.training, epochs=3))
    for other, other_space, seed, message in (
        (longer, space, 0, "recipe: found a study of another one"),
        (recipe, load_space("model.weight: [ternary, sawb4]\n"), 0, "space: found a study of another one"),
        (recipe, space, 1, "seed: found a study of another one"),
        (recipe, load_space("model.weight: [ternary, sawb99x]\n"), 0, "space: model.weight: 'sawb99x'"),
    ):
        with pytest.raises(ValueError, match=message):
            search(other, other_space, tmp_path / "study", trials=9, seed=seed)
    for options, message in (({"trials": 0}, "search: trials: found 0"), ({"workers": 0}, "search: workers: found 0")):
        with pytest.raises(ValueError, match=message):
            search(recipe, space, tmp_path / "new", **options)
    monkeypatch.setitem(DATASETS, "digits", _absent)
    with pytest.raises(DataError, match="digits: nowhere"):
        search(recipe, space, tmp_path / "new", trials=9)
    assert not (tmp_path / "new").exists()


def _absent(path: object) -> object:
    raise DataError("digits: nowhere")
