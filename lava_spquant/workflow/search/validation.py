"""The images that trials are compared on: part of the training split, and never of the test split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lava_spquant.data import EventSplit, ImageSplit
from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.train import training_parts

__all__ = ["SHARE", "held_out", "with_validation"]

SHARE = 0.1
"""Of the training images, where the recipe sets none aside."""


def with_validation(recipe: Recipe) -> Recipe:
    """Return `recipe`, with a tenth of the training images set aside where it sets none aside."""
    if recipe.training.validation:
        return recipe
    return replace(recipe, training=replace(recipe.training, validation=SHARE))


def held_out(recipe: Recipe, data_path: Path | None) -> ImageSplit | EventSplit:
    """Return the samples that training with `recipe` sets aside.

    Raises
    ------
    ValueError
        If it sets none aside, there are too few, or the data set cannot be loaded.
    """
    share = recipe.training.validation
    # `train` draws them in the same way, also where it takes only some of the images.
    chosen = training_parts(recipe, recipe.data.load(data_path))[1] if share else None
    if chosen is None:
        raise ValueError(f"search: validation: found {share} in recipe {recipe.name}, expected a share above 0")
    return chosen
