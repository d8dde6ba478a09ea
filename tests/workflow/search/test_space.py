from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.workflow.recipe import Recipe, load_recipe, recipe_names
from lava_spquant.workflow.search.axis import Choices, Range
from lava_spquant.workflow.search.space import Space, applied, load_space, searchable_fields, space_names


def test_a_list_is_a_choice_and_a_mapping_a_range() -> None:
    text = """\
model.weight: [ternary, sawb4]
training.batch_size: {low: 16, high: 64, step: 16}
training.learning_rate: {low: 1e-4, high: 1e-2, log: true}
"""
    space = load_space(text)
    assert space.axes == {
        "model.weight": Choices(("ternary", "sawb4")),
        "training.batch_size": Range(16, 64, step=16, whole=True),
        "training.learning_rate": Range(1e-4, 1e-2, log=True),
    }
    assert list(space.distributions()) == list(space.axes)


def test_the_spaces_of_the_package_are_accepted_by_their_recipes() -> None:
    assert {"digits-cnn", "mnist-cnn"} <= set(space_names()) <= set(recipe_names())
    for name in space_names():
        load_space(name).check(load_recipe(name))


def test_a_space_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("data.steps: [1, 2]", encoding="utf-8")
    assert load_space(path) == load_space("data.steps: [1, 2]\n")
    with pytest.raises(FileNotFoundError, match="space: found no .*none.*, expected a YAML file, or a recipe"):
        load_space(tmp_path / "none.yaml")
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="found bytes that are no UTF-8 text"):
        load_space(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.wieght: [ternary]\n", "space: field: found 'model.wieght', expected one of data.steps"),
        ("model: [ternary]\n", "field: found 'model'"),
        ("name: [a, b]\n", "field: found 'name'"),
        ("seed: [0, 1]\n", "field: found 'seed'"),
        ("data.name: [digits, mnist]\n", "field: found 'data.name'"),
        ("data.samples: [24, 36]\n", "field: found 'data.samples'"),
        ("training.validation: [0.1, 0.2]\n", "field: found 'training.validation'"),
        ("1: [a]\n", "field: found 1"),
        ("model.weight: ternary\n", "model.weight: found 'ternary', expected a list of values, or {low, high}"),
        ("model.weight: {low: 1, high: 2}\n", "model.weight: found .*, expected a list: the field is a str"),
        ("data.steps: {low: 1}\n", "data.steps: found {'low': 1}, expected a list of values, or {low, high}"),
        ("data.steps: {low: 1, high: 2, base: 2}\n", "data.steps: found"),
        ("data.steps: {low: 1, high: 2.5}\n", "space: data.steps: high: found 2.5, expected a whole number"),
        ("data.steps: {low: 4, high: 1}\n", "data.steps: range: found 4..1, expected low below high"),
        ("model.weight: [[a]]\n", "model.weight: choices: found"),
        ("model.weight: []\n", "model.weight: choices: found"),
        ("{}\n", "space: fields: found none"),
        ("- a\n", "found no plain fields"),
        ("model.weight: ['${oc.env:HOME}']\n", "found no plain fields|found no YAML"),
        ("a: [\n", "found no YAML"),
    ],
)
def test_what_is_wrong_with_a_space_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_space(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.weight: [ternary, sawb99x]\n", "space: model.weight: 'sawb99x': "),
        ("model.architecture: [4-FC, 4-oops-FC]\n", "space: model.architecture: '4-oops-FC': "),
        ("data.steps: {low: 0, high: 4}\n", "space: data.steps: 0: data: steps: found 0, expected 1..1024"),
        ("data.steps: [2, 2.5]\n", "space: data.steps: 2.5: "),
        ("training.learning_rate: {low: -1.0, high: 1}\n", "space: training.learning_rate: -1.0: "),
    ],
)
def test_values_that_the_recipe_refuses_are_told_before_any_trial(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_space(text).check(Recipe())


def test_a_space_made_in_python_is_checked_too() -> None:
    with pytest.raises(ValueError, match="space: model.wieght: 'ternary': "):
        Space({"model.wieght": Choices(("ternary",))}).check(Recipe())


def test_a_field_that_a_list_overrules_is_no_axis() -> None:
    with pytest.raises(ValueError, match="space: model.weight: 'ternary': .* found model.weights, which decides"):
        load_space("model.weight: [ternary, sawb4]\n").check(load_recipe("cifar10-vgg-small"))


@given(rate=st.floats(1e-300, 1e3), steps=st.integers(1, 1024))
def test_values_arrive_in_the_recipe_as_they_are(rate: float, steps: int) -> None:
    changed = applied(Recipe(), {"training.learning_rate": rate, "data.steps": steps}, "other")
    assert (changed.training.learning_rate, changed.data.steps, changed.name) == (rate, steps, "other")
    back = applied(changed, {"training.learning_rate": Recipe().training.learning_rate, "data.steps": 4}, "unnamed")
    assert back == Recipe()


def test_fields_are_plain_values() -> None:
    kinds = searchable_fields()
    assert kinds["data.steps"] is int
    assert kinds["model.weight"] is str
    assert kinds["training.learning_rate"] is float
    assert not {"name", "seed", "data.name", "data.samples", "training", "model"} & kinds.keys()
