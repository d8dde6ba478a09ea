"""What a teacher and a price on operations do in a training from a recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant.report import activity
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import load_checkpoint, train
from tests.workflow.test_train import TEXT, assert_same_weights, recipe

__all__ = ["recipe"]


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
