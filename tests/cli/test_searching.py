"""`lava-spquant search`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lava_spquant.workflow import load
from lava_spquant.workflow.recipe import load_recipe
from tests.cli.conftest import Shell

SPACE = """\
model.weight: [ternary, sawb4]
training.learning_rate: {low: 1e-3, high: 1e-1, log: true}
"""
SHORT = ("--set", "training.epochs=1", "--set", "training.warmup_epochs=0", "--set", "model.architecture=4s2-FC")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(SPACE, encoding="utf-8")
    return path


def test_search(shell: Shell, space: Path, tmp_path: Path) -> None:
    arguments = ("search", "digits-cnn", "--space", space, "--out", tmp_path / "study", *SHORT)
    outcome = shell(*arguments, "--trials", 1)
    assert outcome.code == 0, outcome.err
    assert "digits-cnn: Pareto front, 1 of 1 trials" in outcome.out
    assert "To train a trial again, here 0: lava-spquant train" in outcome.out
    again = shell(*arguments, "--trials", 2, "--json")
    assert again.code == 0, again.err
    values = again.values
    assert values["ok"]
    assert [line["trial"] for line in values["trials"]] == [0, 1]
    assert set(values["front"]) <= {0, 1}
    assert all(Path(path).is_file() for path in values["files"])
    # What is on the front can be run, and trained again.
    network = load(tmp_path / "study" / "front" / f"trial-{values['front'][0]:04d}.net")
    assert (network.dataset, network.steps) == ("digits", 4)
    recipe = load_recipe(tmp_path / "study" / "trials" / "0001" / "recipe.yaml")
    assert recipe.training.learning_rate == values["trials"][1]["training.learning_rate"]
    assert recipe.training.validation > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-recipe",), "recipe: found no 'no-recipe'"),
        (("digits-cnn", "--space", "no-space"), "space: found no 'no-space', expected a YAML file"),
        (("digits-cnn", "--space", "model.wieght: [ternary]\n"), "space: field: found 'model.wieght'"),
        (("digits-cnn", "--space", "data.steps: {low: 0, high: 2}\n"), "space: data.steps: 0: data: steps: found 0"),
        (("digits-cnn", "--set", "training.epochs=0"), "training: epochs: found 0"),
    ],
)
def test_bad_input_is_one_line_before_any_trial(
    shell: Shell, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    outcome = shell("search", *arguments, "--out", tmp_path / "study")
    assert outcome.code == 2
    assert not outcome.out
    assert outcome.err.splitlines()[-1].startswith(f"error: {message}")
    assert not (tmp_path / "study").exists()


def test_the_study_of_something_else(shell: Shell, space: Path, tmp_path: Path) -> None:
    arguments = ("search", "digits-cnn", "--space", space, "--out", tmp_path / "study", "--trials", 1, *SHORT)
    assert shell(*arguments).code == 0
    outcome = shell(*arguments, "--set", "data.steps=1", "--json")
    assert outcome.code == 2
    assert "recipe: found a study of another one, expected the one given; choose another folder" in outcome.err
    assert not outcome.values["ok"]
