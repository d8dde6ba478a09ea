"""Recipes: everything that determines a trained network, as YAML with overrides."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from lava_spquant import data
from lava_spquant.data import DATASETS, EventData, FrameConfig, ImageData
from lava_spquant.data.augment import Augmentation
from lava_spquant.slayer.models import ConvNetConfig
from lava_spquant.slayer.training.config import TrainingConfig

__all__ = ["DataConfig", "Recipe", "check_effective", "load_recipe", "recipe_names", "recipe_text"]

LISTS = {
    "model.weights": ("model.weight", "model.first_weight", "model.last_weight"),
    "model.membranes": ("model.membrane",),
}
"""Fields with one value per layer, and those that say nothing beside them."""


@dataclass(frozen=True)
class DataConfig:
    """What a network is trained on.

    Parameters
    ----------
    name : str
        A data set of `lava_spquant.data`.
    steps : int
        T: time steps for which an image is shown, or frames of a recording.
    shift, flip, roll, cutout
        Augmentation of the training samples; see `lava_spquant.data.augment.Augmentation`.
    bits, size : int
        Of a recording's frames; see `lava_spquant.data.FrameConfig`. Images have their own.
    samples : int
        Train on so many samples, drawn with the recipe's seed so that every class keeps its share; 0 for all.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    name: str = "digits"
    steps: int = 4
    shift: int = 0
    flip: bool = False
    roll: int = 0
    cutout: int = 0
    bits: int = 1
    size: int = 0
    samples: int = 0

    def __post_init__(self) -> None:
        if self.samples < 0:
            raise ValueError(f"data: samples: found {self.samples}, expected at least 0")
        if self.name not in DATASETS:
            raise ValueError(f"data: name: found {self.name!r}, expected one of {', '.join(DATASETS)}")
        self.frames()
        self.augmentation()

    def frames(self) -> FrameConfig:
        """Return what the frames of recordings are like."""
        return FrameConfig(self.steps, self.bits, self.size)

    def augmentation(self) -> Augmentation:
        """Return what changes training samples."""
        return Augmentation(self.shift, self.flip, self.roll, self.cutout)

    def load(self, path: str | os.PathLike[str] | None = None) -> ImageData | EventData:
        """Load the data set; see `lava_spquant.data.load`."""
        return data.load(self.name, path, self.frames())


@dataclass(frozen=True)
class Recipe:
    """Data, model and training with one seed.

    Parameters
    ----------
    name : str
    seed : int
    data : DataConfig
    model : ConvNetConfig
    training : TrainingConfig
    """

    name: str = "unnamed"
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    model: ConvNetConfig = field(default_factory=ConvNetConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = resources.files("lava_spquant") / "recipes"
    return sorted(item.name[: -len(".yaml")] for item in folder.iterdir() if item.name.endswith(".yaml"))


def recipe_text(recipe: Recipe) -> str:
    """Return `recipe` as YAML that `load_recipe` understands."""
    return OmegaConf.to_yaml(OmegaConf.structured(recipe))


def load_recipe(source: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and check every field.

    Parameters
    ----------
    source : str or Path
        A name that comes with the package, a YAML file, or (with a line break) YAML itself.
    overrides : sequence of str
        `training.epochs=3`, `model.membrane=five-level`, and so on.

    Returns
    -------
    Recipe

    Raises
    ------
    FileNotFoundError
        If there is no such recipe.
    ValueError
        Naming the field that is unknown, of the wrong type or out of range, or overridden without effect.

    Examples
    --------
    >>> load_recipe("digits-cnn", ["data.steps=2"]).data.steps
    2
    """
    text = _read(source)
    label = "recipe" if "\n" in str(source) else f"recipe {source}"
    try:
        given = _parse(text, label)
        dotted = OmegaConf.from_dotlist(list(overrides))
        recipe = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Recipe), given, dotted))
    except (OmegaConfBaseException, YAMLError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        key = getattr(error, "full_key", None)
        raise ValueError(f"{label}: {key + ': ' if key else ''}{first}") from error
    assert isinstance(recipe, Recipe)
    check_effective(recipe, [override.partition("=")[0] for override in overrides], label)
    return recipe


def check_effective(recipe: Recipe, fields: Iterable[str], label: str = "recipe") -> None:
    """Refuse the change of a field that a list with one value per layer overrules.

    Parameters
    ----------
    recipe : Recipe
        With the changes.
    fields : iterable of str
        Dotted names of what was changed.
    label : str, optional
        What the message begins with.

    Raises
    ------
    ValueError
        Naming the field and the list.

    Examples
    --------
    >>> check_effective(load_recipe("cifar10-vgg-small"), ["model.weight"])
    Traceback (most recent call last):
    ValueError: recipe: model.weight: found model.weights, which decides; expected model.weights=[] beside
    """
    given = set(fields)
    for name, overruled in LISTS.items():
        for field_name in overruled:
            if field_name in given and getattr(recipe.model, name.partition(".")[2]):
                found = f"found {name}, which decides"
                raise ValueError(f"{label}: {field_name}: {found}; expected {name}=[] beside")


def _parse(text: str, label: str) -> DictConfig:
    try:
        given = OmegaConf.create(text)
    except AssertionError:  # how OmegaConf takes a document that is one number
        given = None
    if not (isinstance(given, DictConfig) and all(isinstance(key, str) for key in given)):
        raise ValueError(f"{label}: found no fields, expected lines such as 'name: mine'")
    # OmegaConf would look up environment variables for a file that may come from anywhere.
    if "${" in text:
        raise ValueError(f"{label}: found an interpolation (${{...}}), expected plain values")
    return given


def _read(source: str | Path) -> str:
    if "\n" in str(source):
        return str(source)
    if str(source) in recipe_names():
        return (resources.files("lava_spquant") / "recipes" / f"{source}.yaml").read_text(encoding="utf-8")
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(
            f"recipe: found no {str(source)!r}, expected a file or one of {', '.join(recipe_names())}"
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"recipe {path}: found bytes that are no UTF-8 text, expected YAML") from error
