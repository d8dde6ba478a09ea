"""What a teacher and a price on operations do in a training from a recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DATASETS
from lava_spquant.report import activity
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.norm import renormalise
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.renormalised import calibration_batches
from lava_spquant.workflow.train import load_checkpoint, train
from tests.workflow.bright_rows import TEXT, assert_same_weights, bright_rows


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    return bright_rows(monkeypatch)


def spent(model: SpikingNetwork) -> float:
    """Return synaptic operations per sample of the classifier, which spikes alone cause."""
    images = np.random.default_rng(1).integers(0, 256, (2, 20, 1, 6, 5)).astype(np.int32)
    return activity(model.to_ir(), [(images, model.trace(images))]).rows[-1].synops


def test_a_teacher_is_heard_and_must_fit(recipe: Recipe, tmp_path: Path) -> None:
    teacher = train(recipe, tmp_path / "teacher", progress=False).checkpoint
    taught = load_recipe(TEXT, ["training.distillation=0.5"])
    first = train(taught, tmp_path / "first", progress=False, teacher=teacher).model
    second = train(taught, tmp_path / "second", progress=False, teacher=load_checkpoint(teacher)[1]).model
    assert_same_weights(first, second)
    with pytest.raises(AssertionError):
        assert_same_weights(first, load_checkpoint(teacher)[1])
    with pytest.raises(ValueError, match=r"training: distillation: found 0\.5 with no teacher"):
        train(taught, tmp_path / "third", progress=False)
    with pytest.raises(ValueError, match="training: distillation: found 0 with a teacher"):
        train(recipe, tmp_path / "third", progress=False, teacher=teacher)
    assert not (tmp_path / "third").exists()


def test_a_budget_of_operations_is_kept(recipe: Recipe, tmp_path: Path) -> None:
    """What training is told to spend is what the deployed network spends, the classifier's operations."""
    plain = train(recipe, tmp_path / "plain", progress=False).model
    free = spent(plain)
    limited = load_recipe(TEXT, ["training.synops_penalty=3", f"training.synops_target={free / 3}"])
    assert spent(train(limited, tmp_path / "limited", progress=False).model) < 0.8 * free


def test_raised_thresholds_leave_the_statistics_of_those_that_are_not(recipe: Recipe, tmp_path: Path) -> None:
    """The running mean over all raises fits none of them."""
    options = ["data.steps=1", "model.architecture=C4-B4-FC", "model.weight=binary-standard", "training.loss=mean"]
    options += ["model.surrogate=asymmetric", "training.threshold_raise=1"]
    result = train(load_recipe(TEXT, options), tmp_path / "run", progress=False)
    _, model = load_checkpoint(result.checkpoint)
    assert_same_weights(model, result.model)
    renormalise(model, calibration_batches(DATASETS["digits"](None).train, 40, 1))
    assert_same_weights(model, result.model)
    with pytest.raises(ValueError, match="training: validation: found 0.2, expected 0 with threshold_raise"):
        load_recipe(TEXT, ["training.threshold_raise=1", "training.validation=0.2"])
