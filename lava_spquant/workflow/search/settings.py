"""What a study searches: written into its folder once, and what every worker goes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from lava_spquant.workflow.recipe import Recipe, load_recipe, recipe_text
from lava_spquant.workflow.search.files import write_text
from lava_spquant.workflow.search.space import Space, space_of

__all__ = ["SETTINGS_FILE", "Settings", "agree_on", "read_settings"]

SETTINGS_FILE = "search.yaml"


@dataclass(frozen=True)
class Settings:
    """Everything that determines a study but its length.

    Parameters
    ----------
    recipe : Recipe
        What the fields outside the space are.
    space : Space
    seed : int
        Of the choice of values; that of training is the recipe's.

    Raises
    ------
    ValueError
        If the recipe refuses a value of the space, or the seed is negative.
    """

    recipe: Recipe
    space: Space
    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"search: seed: found {self.seed}, expected at least 0")
        self.space.check(self.recipe)


def read_settings(folder: Path) -> Settings:
    """Return the settings of the study in `folder`.

    Raises
    ------
    FileNotFoundError
        If there is no study.
    ValueError
        If the file is damaged.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path}: study: found none, expected one that a search has begun")
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        recipe = load_recipe(yaml.safe_dump(given["recipe"]))
        return Settings(recipe, space_of(given["space"]), int(given["seed"]))
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: study: found a damaged file ({error}), expected one that a search wrote") from error


def agree_on(folder: Path, settings: Settings) -> None:
    """Write the settings of a new study, or hold them against those of the study in `folder`.

    Raises
    ------
    ValueError
        If the study there has other ones.
    """
    path = folder / SETTINGS_FILE
    if not path.exists():
        text = yaml.safe_dump(
            {
                "recipe": yaml.safe_load(recipe_text(settings.recipe)),
                "space": settings.space.plain(),
                "seed": settings.seed,
            },
            sort_keys=False,
        )
        write_text(path, text)
        return
    found = read_settings(folder)
    for what in ("recipe", "space", "seed"):
        if getattr(found, what) != getattr(settings, what):
            raise ValueError(
                f"{path}: {what}: found a study of another one, expected the one given; choose another folder"
            )
