"""Recipes: what they hold, and what is wrong with bad ones."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from lava_spquant.slayer.models import ConvNetConfig
from lava_spquant.slayer.training import TrainingConfig
from lava_spquant.workflow.recipe import DataConfig, Recipe, load_recipe, recipe_names, recipe_text


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_that_come_with_the_package(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert load_recipe(recipe_text(recipe)) == recipe


def test_defaults_and_every_field() -> None:
    recipe = Recipe(
        "all",
        7,
        DataConfig("mnist", 2, 1, True, 3, 4, 2, 20, 500),
        ConvNetConfig(
            "4-FC",
            "int4",
            "binary",
            "sawb4-mean",
            "int3",
            "superspike",
            0.25,
            "soft",
            10,
            "layer",
            True,
            ("int4", "int5"),
            ("int2",),
            "straight_through",
        ),
        TrainingConfig(
            3,
            16,
            0.1,
            0.2,
            0.5,
            "mean",
            0.4,
            1.5,
            "sgd",
            0.8,
            "step",
            4,
            0.5,
            2,
            "bf16-mixed",
            0.2,
            3,
            50,
            1.5,
            0.3,
            0.05,
        ),
    )
    assert load_recipe(recipe_text(recipe)) == recipe
    assert load_recipe("name: small\n") == Recipe("small")


def test_a_file_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ntraining: {epochs: 3}\n")
    found = load_recipe(path, ["training.epochs=5", "data.steps=2", "model.membrane=five-level", "seed=9"])
    assert (found.name, found.training.epochs, found.data.steps) == ("mine", 5, 2)
    assert (found.model.membrane, found.seed) == ("five-level", 9)
    assert load_recipe(str(path)).training.epochs == 3


def test_targets_and_reaches() -> None:
    given = ["training.rate_targets=[0.1,0.05,0]", "model.surrogate_delta=1.5", "model.surrogate_rho=0.5"]
    found = load_recipe("cifar10-bit-resnet20", given)
    assert found.training.rate_targets == (0.1, 0.05, 0.0)
    assert (found.model.surrogate_delta, found.model.surrogate_rho) == (1.5, 0.5)
    assert load_recipe(recipe_text(found)) == found
    assert hash(found) != hash(load_recipe("cifar10-bit-resnet20"))


def test_recipes_from_before_a_field_existed_have_its_default() -> None:
    lines = recipe_text(Recipe("old")).splitlines(keepends=True)
    new = ("surrogate_delta", "surrogate_rho", "rate_targets")
    old = [line for line in lines if not line.strip().startswith(new)]
    assert len(old) == len(lines) - len(new)
    assert load_recipe("".join(old)) == Recipe("old")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training: {rate_targets: 0.1}", "training.rate_targets"),
        ("training: {rate_targets: [0.1, 2]}", r"training: rate_targets: found \(0.1, 2.0\), expected 0..1 each"),
        ("model: {surrogate_delta: 0}", "model: surrogate_delta: found 0.0, expected a positive number"),
        ("training: {epoch: 3}", "training.epoch"),
        ("colour: red", "colour"),
        ("data: {samples: -1}", "data: samples: found -1"),
        ("model: {weights: ternary}", "model.weights"),
        ("model: {weights: [ternary]}", "model: weights: found 1"),
        ("training: {epochs: many}", "training.epochs: .*'many'"),
        ("training: {epochs: 1.5}", "training.epochs"),
        ("training: 3", "TrainingConfig"),
        ("data: {steps: [1, 2]}", "data.steps"),
        ("seed: null", "seed"),
        ("training: {epochs: 0}", "training: epochs: found 0, expected at least 1"),
        ("training: {lam: 2}", "training: lam: found 2.0, expected 0..1"),
        ("data: {steps: 0}", "data: steps: found 0, expected 1..1024"),
        ("data: {shift: 9}", "data: shift: found 9"),
        ("data: {flip: perhaps}", "data.flip"),
        ("data: {roll: -1}", "data: roll: found -1, expected 0..16"),
        ("data: {cutout: 65}", "data: cutout: found 65"),
        ("data: {bits: 0}", "data: bits: found 0, expected 1..8"),
        ("data: {size: 2000}", "data: size: found 2000"),
        ("data: {name: cifar}", "data: name: found 'cifar', expected one of digits, mnist"),
        ("model: {weight: int77}", "bits: found 77"),
        ("model: {membrane: septenary}", "membrane: found 'septenary'"),
        ("model: {architecture: 3-4}", "architecture '3-4'"),
        ("model: {surrogate: step}", "surrogate: found 'step'"),
        ("training: {loss: mse}", "training: loss: found 'mse'"),
        ("name: [unclosed", "recipe: "),
        ("- a\n- b", "recipe: "),
        ("5", "recipe: "),
        ("just words", "recipe: "),
        ("name: ${oc.env:HOME}", "recipe: "),
        ("name: ${missing}", "recipe: found an interpolation"),
        ("!!python/object/apply:os.getcwd []", "recipe: "),
        ("a: &a [x, *b]", "recipe: "),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_recipe(text + "\n")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=3", "training.epoch"),
        ("training.epochs=x", "training.epochs"),
        ("training.epochs", "training"),
        ("=3", "recipe digits-cnn: "),
        ("data.steps=0", "data: steps: found 0"),
        ("model.weight=int99", "bits: found 99"),
    ],
)
def test_overrides_are_checked_too(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_recipe("digits-cnn", [override])


def test_an_override_that_a_list_overrules_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cifar10-vgg-small: model.first_weight: found model.weights, which decides"):
        load_recipe("cifar10-vgg-small", ["model.first_weight=sawb4"])
    found = load_recipe("cifar10-vgg-small", ["model.first_weight=sawb4", "model.weights=[]"])
    assert (found.model.first_weight, found.model.weights) == ("sawb4", ())
    lists = ["model.architecture=4-5-FC", "model.membranes=[int3,ternary]"]
    assert load_recipe("digits-cnn", lists).model.membranes == ("int3", "ternary")
    with pytest.raises(ValueError, match="model.membrane: found model.membranes"):
        load_recipe("digits-cnn", [*lists, "model.membrane=int4"])


@pytest.mark.parametrize("name", [name for name in recipe_names() if name.endswith("-pruned")])
def test_a_recipe_says_by_which_widths_to_prune(name: str) -> None:
    text = (resources.files("lava_spquant") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    said = re.search(r"lava-spquant prune --widths ([\d,]+)\)", text)
    assert said is not None
    # The last ones are the classes, which stay.
    assert tuple(map(int, said[1].split(","))) == load_recipe(name).model.channels[:-1]


def test_no_such_recipe(tmp_path: Path) -> None:
    for source in ("digitz", tmp_path / "none.yaml", tmp_path):
        with pytest.raises(FileNotFoundError, match=re.escape(f"recipe: found no {str(source)!r}, expected a file")):
            load_recipe(source)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ValueError, match=r"a\.yaml"):
        load_recipe(path)
