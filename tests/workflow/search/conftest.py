"""A study so small that a trial takes a fraction of a second."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DATASETS, ImageData, ImageSplit
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.search.space import Space, load_space

RECIPE = """\
name: tiny
seed: 3
data: {name: digits, steps: 2}
model: {architecture: 4s2-FC, weight: ternary}
training: {epochs: 2, batch_size: 16, learning_rate: 0.02, warmup_epochs: 0, validation: 0.25}
"""

SPACE = """\
model.weight: [ternary, sawb4]
model.architecture: [2s2-FC, 4s2-FC]
training.learning_rate: {low: 1e-3, high: 1e-1, log: true}
"""


def rows(images: int, seed: int) -> ImageSplit:
    """Images whose class is the row that is bright."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 3
    pixels = rng.integers(0, 60, (images, 1, 6, 5))
    for image, label in zip(pixels, labels, strict=True):
        image[0, 2 * label : 2 * label + 2] += 180
    return ImageSplit(pixels.astype(np.uint8), labels, 3, source="rows")


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setitem(DATASETS, "digits", lambda path: ImageData("digits", rows(48, 0), rows(9, 1)))
    return load_recipe(RECIPE)


@pytest.fixture
def space() -> Space:
    return load_space(SPACE)
