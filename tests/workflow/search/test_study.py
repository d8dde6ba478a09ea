"""The study's folder: who works on which trial, and what is on the front."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.search.settings import Settings
from lava_spquant.workflow.search.space import Space, load_space
from lava_spquant.workflow.search.study import JOURNAL, Claim, StudyFolder, trial_folder

Objectives = tuple[float, float, float]


@pytest.fixture
def folder(recipe: Recipe, space: Space, tmp_path: Path) -> Path:
    return StudyFolder.begin(tmp_path / "study", Settings(recipe, space)).folder


def claimed(store: StudyFolder, total: int = 99) -> Claim:
    claim = store.claim(total)
    assert claim is not None
    return claim


def objectives(claim: Claim) -> Objectives:
    """Something that depends on the values alone."""
    rate = claim.recipe.training.learning_rate
    return 1 / (1 + rate), float(len(claim.recipe.model.weight)), rate


def told(store: StudyFolder, total: int) -> list[Recipe]:
    """Finish trials until there are `total`, and return their recipes."""
    recipes = []
    while (claim := store.claim(total)) is not None:
        recipes.append(claim.recipe)
        store.tell(claim, objectives(claim))
    return recipes


def test_a_trial_is_the_recipe_with_other_values(folder: Path, recipe: Recipe) -> None:
    claim = claimed(StudyFolder(folder))
    assert claim.number == 0
    assert claim.folder == trial_folder(folder, 0)
    assert claim.recipe.name == "tiny-0000"
    assert claim.recipe.data == recipe.data
    assert 1e-3 <= claim.recipe.training.learning_rate <= 1e-1
    claim.lock.release()


def test_processes_never_share_a_trial(folder: Path) -> None:
    one, other = StudyFolder(folder), StudyFolder(folder)
    claims = [claimed(one, 3), claimed(other, 3), claimed(one, 3)]
    assert [claim.number for claim in claims] == [0, 1, 2]
    assert len({claim.recipe.training.learning_rate for claim in claims}) == 3
    assert other.claim(3) is None
    assert other.unfinished(3) == 0
    for claim in claims:
        other.tell(claim, objectives(claim))
    assert one.finished() == 3
    assert one.claim(3) is None


def test_a_trial_whose_worker_is_gone_is_given_out_again(folder: Path) -> None:
    one, other = StudyFolder(folder), StudyFolder(folder)
    lost, kept = claimed(one), claimed(one)
    lost.lock.release()  # what the kernel does when a process ends
    assert other.unfinished(2) == 1
    again = claimed(other, 2)
    assert (again.number, again.recipe, again.folder) == (lost.number, lost.recipe, lost.folder)
    other.tell(again, objectives(again))
    one.tell(kept, objectives(kept))
    assert [trial.number for trial in one.trials()] == [0, 1]
    assert other.unfinished(2) == 0
    assert other.unfinished(5) == 3


def test_a_failed_trial_counts_and_is_not_repeated(folder: Path) -> None:
    store = StudyFolder(folder)
    store.tell(claimed(store), None)
    assert store.finished() == 1
    assert store.claim(1) is None
    assert not store.study.best_trials


def test_a_worker_that_died_before_its_trial_had_values_costs_nothing(folder: Path) -> None:
    store = StudyFolder(folder)
    store.study.ask()  # no values yet, and no lock
    assert store.trials() == []
    claim = claimed(store, 1)
    assert claim.number == 1
    store.tell(claim, objectives(claim))
    assert [trial.number for trial in store.trials()] == [1]
    assert store.claim(1) is None


def test_a_stopped_study_goes_on_as_it_would_have(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    straight = told(StudyFolder.begin(tmp_path / "one", Settings(recipe, space)), 14)
    stopped = told(StudyFolder.begin(tmp_path / "two", Settings(recipe, space)), 9)
    claimed(StudyFolder(tmp_path / "two")).lock.release()
    # The first draws are random, those after them follow what was seen: both kinds are here.
    assert stopped + told(StudyFolder(tmp_path / "two"), 14) == straight
    assert len({r.training.learning_rate for r in straight}) == 14
    other = told(StudyFolder.begin(tmp_path / "three", Settings(recipe, space, seed=1)), 1)
    assert other[0].training.learning_rate != straight[0].training.learning_rate


def test_a_torn_journal_is_mended(folder: Path) -> None:
    first = told(StudyFolder(folder), 2)
    with (folder / JOURNAL).open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    store = StudyFolder(folder)
    assert store.finished() == 2
    assert len(first + told(store, 4)) == 4
    assert StudyFolder(folder).finished() == 4
    lines = (folder / JOURNAL).read_text(encoding="utf-8").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize("damage", [b"\xff\n\n", b"nothing\nof ours\n", b'{"op_code": 4}\n', b"[]\n[]\n"])
def test_a_damaged_journal_is_told(folder: Path, damage: bytes) -> None:
    (folder / JOURNAL).write_bytes(damage)
    with pytest.raises(ValueError, match=r"journal\.log: study: found a damaged journal"):
        StudyFolder(folder)


# Few different values, so that ties and duplicates are common.
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 1.0])


@given(values=st.lists(st.tuples(LEVELS, LEVELS, LEVELS), min_size=1, max_size=12))
def test_the_front_is_what_nothing_else_beats(
    tmp_path_factory: pytest.TempPathFactory, values: list[Objectives]
) -> None:
    settings = Settings(Recipe(), load_space("model.weight: [ternary, sawb4]\n"))
    store = StudyFolder.begin(tmp_path_factory.mktemp("front"), settings)
    for found in values:
        store.tell(claimed(store), found)

    def beats(a: Objectives, b: Objectives) -> bool:
        return a != b and a[0] >= b[0] and a[1] <= b[1] and a[2] <= b[2]

    expected = [i for i, own in enumerate(values) if not any(beats(other, own) for other in values)]
    assert sorted(trial.number for trial in store.study.best_trials) == expected
