"""One trial: what is measured, on which images, and what counts as its failure."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lava_spquant import data, netx, report
from lava_spquant.ir import reference
from lava_spquant.slayer.training import Classifier
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.search import objective
from lava_spquant.workflow.search.objective import (
    NETWORK_FILE,
    RESULT_FILE,
    Failed,
    Measured,
    measure,
    read_result,
    run_trial,
)
from lava_spquant.workflow.search.settings import Settings
from lava_spquant.workflow.search.space import Space
from lava_spquant.workflow.search.starts import MAX_STARTS
from lava_spquant.workflow.search.study import Claim, StudyFolder
from lava_spquant.workflow.search.validation import SHARE, held_out, with_validation
from lava_spquant.workflow.train import train
from tests.workflow.tiny import STEPS, tiny_network, tiny_split


@pytest.fixture
def claim(recipe: Recipe, space: Space, tmp_path: Path) -> Claim:
    found = StudyFolder.begin(tmp_path, Settings(recipe, space)).claim(1)
    assert found is not None
    return found


def test_what_is_measured_is_what_the_network_does() -> None:
    network, split = tiny_network(), tiny_split()
    found = measure(network, split, STEPS)
    x = np.repeat(split.images[None].astype(np.int32), STEPS, axis=0)
    trace = reference.run(network, x)
    assert found.accuracy == np.mean(report.predict(network, trace) == split.labels)
    assert found.samples == len(split)
    assert found.synops == pytest.approx(report.activity(network, [(x, trace)]).synops)
    # 12 ternary weights in 2 bits, 48 of 4 bits; 16 ternary potentials in 2 bits, 3 scores of 24.
    assert (found.weight_bytes, found.state_bytes) == ((12 * 2 + 48 * 4) / 8, (16 * 2 + 3 * 24) / 8)
    # Five gains of 2 bytes, five biases of 4.
    assert found.channel_bytes == 5 * 2 + 5 * 4
    assert found.memory_bytes == found.weight_bytes + found.state_bytes
    assert found.objectives == (found.accuracy, found.memory_bytes, found.synops)


def test_a_trial_is_trained_and_measured_on_images_set_aside(claim: Claim) -> None:
    found = run_trial(claim, None)
    assert isinstance(found, Measured)
    assert found.samples == 12  # a quarter of 48
    assert load_recipe(claim.folder / "recipe.yaml") == claim.recipe
    assert measure(netx.load(claim.folder / NETWORK_FILE), held_out(claim.recipe, None), 2) == found
    assert netx.info(claim.folder / NETWORK_FILE).metadata["recipe"] == "tiny-0000"
    assert read_result(claim.folder) == found
    # The same images as those by which training chose the epoch.
    trained = train(claim.recipe, claim.folder, progress=False)
    assert trained.valid_accuracy == pytest.approx(found.accuracy)


def test_the_images_are_no_test_images(recipe: Recipe) -> None:
    images = held_out(recipe, None).images
    split = data.load("digits").train.images
    assert all(any(np.array_equal(one, other) for other in split) for one in images)
    plain = replace(recipe, training=replace(recipe.training, validation=0.0))
    assert with_validation(plain).training.validation == SHARE
    assert with_validation(recipe) == recipe
    with pytest.raises(ValueError, match="search: validation: found 0.0 in recipe tiny"):
        held_out(plain, None)


def test_the_images_are_none_that_training_with_some_of_them_reads(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = replace(recipe, data=replace(recipe.data, samples=24))
    seen: list[np.ndarray] = []
    step = Classifier.training_step

    def training_step(self: Classifier, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> object:
        seen.extend(batch[0].numpy())
        return step(self, batch, index)

    monkeypatch.setattr(Classifier, "training_step", training_step)
    train(few, tmp_path, progress=False)
    apart = held_out(few, None).images
    assert (len(seen), len(apart)) == (2 * 18, 6)  # two epochs of three quarters of 24
    assert not any(np.array_equal(one, other) for one in apart for other in seen)


def test_a_trial_that_was_measured_is_not_trained_again(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_trial(claim, None)
    monkeypatch.setattr(objective, "train", None)
    assert run_trial(claim, None) == found


def test_values_that_cannot_be_trained_are_the_trial_s_failure(claim: Claim) -> None:
    wide = replace(claim.recipe, model=replace(claim.recipe.model, architecture="4s2-AP9-FC"))
    found = run_trial(replace(claim, recipe=wide), None)
    assert isinstance(found, Failed)
    assert "AP9: found an input of 3x3" in found.error
    assert read_result(claim.folder) == found


def test_a_trial_that_ends_its_workers_is_given_up(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(objective, "train", killed)
    for start in range(MAX_STARTS):
        with pytest.raises(MemoryError):
            run_trial(claim, None)
        if start == 3:
            (claim.folder / "last.ckpt").write_bytes(b"")
    # It got somewhere meanwhile, and so may try again as often.
    for _ in range(4):
        with pytest.raises(MemoryError):
            run_trial(claim, None)
    found = run_trial(claim, None)
    assert isinstance(found, Failed)
    assert found.error.startswith("found 10 workers that ended without a new checkpoint")


@pytest.mark.parametrize("error", [OSError("no space left"), MemoryError(), KeyboardInterrupt()])
def test_what_is_wrong_with_the_machine_is_not(
    claim: Claim, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(objective, "train", broken)
    with pytest.raises(type(error)):
        run_trial(claim, None)
    assert read_result(claim.folder) is None


@pytest.mark.parametrize("text", [None, "", "[]", "3", "{}", '{"accuracy": 1}', '{"accuracy": 1, "other": 2}'])
def test_a_result_that_is_none_is_made_again(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / RESULT_FILE).write_text(text, encoding="utf-8")
    assert read_result(tmp_path) is None


def test_synaptic_operations_are_finite_and_positive(claim: Claim) -> None:
    found = run_trial(claim, None)
    assert isinstance(found, Measured)
    assert math.isfinite(found.synops)
    assert found.synops > 0
