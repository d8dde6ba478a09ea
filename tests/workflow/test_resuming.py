"""A run goes on from its own checkpoint, and only as what it began as."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lava_spquant.ir import InputSpec
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import build_convnet
from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow.checkpoint import load_checkpoint
from lava_spquant.workflow.derived import write_network
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.resuming import RANDOM, weights_digest
from lava_spquant.workflow.train import LAST_CHECKPOINT, train
from tests.workflow.bright_rows import TEXT, assert_same_weights, bright_rows, stop_in_epoch


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    return bright_rows(monkeypatch)


def made(recipe: Recipe, seed: int) -> SpikingNetwork:
    """A network of the recipe with random weights."""
    torch.manual_seed(seed)
    return build_convnet(recipe.model, InputSpec((1, 6, 5), 8), 3, recipe.name).eval()


def short(epochs: int) -> Recipe:
    return load_recipe(TEXT, [f"training.epochs={epochs}"])


def began(folder: Path) -> str | None:
    found = read_checkpoint(folder / LAST_CHECKPOINT)["hyper_parameters"]["initial"]
    assert found is None or isinstance(found, str)
    return found


def test_a_run_remembers_the_weights_that_it_began_from(recipe: Recipe, tmp_path: Path) -> None:
    initial = made(recipe, 1)
    for epochs, given in ((1, initial), (2, initial), (3, None), (4, made(recipe, 1))):
        train(short(epochs), tmp_path, progress=False, initial=given)
        assert read_checkpoint(tmp_path / LAST_CHECKPOINT)["epoch"] == epochs - 1
        assert began(tmp_path) == weights_digest(initial)
    before = (tmp_path / LAST_CHECKPOINT).read_bytes()
    expected = r"last\.ckpt: initial: found a run that began from weights \w{12}, expected weights \w{12}, as given"
    for epochs in (4, 5):
        with pytest.raises(ValueError, match=expected):
            train(short(epochs), tmp_path, progress=False, initial=made(recipe, 2))
    assert (tmp_path / LAST_CHECKPOINT).read_bytes() == before


def test_a_run_from_random_weights_takes_no_others_later(recipe: Recipe, tmp_path: Path) -> None:
    train(short(1), tmp_path, progress=False)
    assert began(tmp_path) == RANDOM
    with pytest.raises(ValueError, match="initial: found a run that began from random weights, expected weights"):
        train(short(2), tmp_path, progress=False, initial=made(recipe, 1))
    train(short(2), tmp_path, progress=False)


def test_a_checkpoint_is_as_good_as_its_network(recipe: Recipe, tmp_path: Path) -> None:
    path = train(short(1), tmp_path / "first", progress=False).checkpoint
    _, model = load_checkpoint(path)
    straight = train(recipe, tmp_path / "straight", progress=False, initial=model)
    train(short(1), tmp_path / "second", progress=False, initial=path)
    for given in (path, model):
        train(short(2), tmp_path / "second", progress=False, initial=given)
    again = train(recipe, tmp_path / "again", progress=False, initial=str(path))
    assert_same_weights(again.model, straight.model)


def test_stopped_and_resumed_is_trained_straight_through(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    initial = made(recipe, 1)
    straight = train(recipe, tmp_path / "straight", progress=False, initial=initial)
    go_on = stop_in_epoch(monkeypatch, 2, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "run", progress=False, initial=initial)
    go_on()
    with pytest.raises(ValueError, match="choose another folder"):
        train(recipe, tmp_path / "run", progress=False, initial=made(recipe, 2))
    resumed = train(recipe, tmp_path / "run", progress=False, initial=initial)
    assert_same_weights(resumed.model, straight.model)


def test_a_run_of_an_earlier_release_goes_on_whatever_is_given(recipe: Recipe, tmp_path: Path) -> None:
    train(short(1), tmp_path, progress=False)
    path = tmp_path / LAST_CHECKPOINT
    old = read_checkpoint(path)
    del old["hyper_parameters"]["initial"]
    torch.save(old, path)
    for epochs, given in ((2, made(recipe, 1)), (3, None), (4, made(recipe, 2))):
        train(short(epochs), tmp_path, progress=False, initial=given)
        # What it began from is not known from now on either.
        assert began(tmp_path) is None


def test_a_network_that_no_training_wrote_is_not_resumed(recipe: Recipe, tmp_path: Path) -> None:
    stored = read_checkpoint(train(short(1), tmp_path / "dense", progress=False).checkpoint)
    path = tmp_path / "run" / LAST_CHECKPOINT
    write_network(path, recipe, made(recipe, 1), stored)
    before = path.read_bytes()
    expected = r"last\.ckpt: checkpoint: found a network alone \(tiny\), expected one that train wrote, to resume from"
    with pytest.raises(ValueError, match=expected):
        train(recipe, path.parent, progress=False, initial=path)
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_a_digest_is_that_of_names_and_values(recipe: Recipe) -> None:
    model = made(recipe, 1)
    digest = weights_digest(model)
    assert weights_digest(made(recipe, 1)) == digest
    assert weights_digest(made(recipe, 2)) != digest
    with torch.no_grad():
        next(model.parameters()).view(-1)[0] += 1e-3
    assert weights_digest(model) != digest
