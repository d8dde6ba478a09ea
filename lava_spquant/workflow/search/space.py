"""Search spaces: which fields of a recipe vary, and over what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import BaseDistribution
from yaml import YAMLError

from lava_spquant.workflow.recipe import Recipe, check_effective, load_recipe, recipe_text
from lava_spquant.workflow.search.axis import Axis, Choices, Range, Value

__all__ = ["Space", "applied", "load_space", "searchable_fields", "space_names"]

FIXED = ("name", "seed", "data.name", "data.samples", "training.validation")
"""Fields that decide on which images trials are compared; with different ones they could not be."""


@dataclass(frozen=True)
class Space:
    """Fields of a recipe with the values that a search tries.

    Parameters
    ----------
    axes : mapping of str to Choices or Range
        By dotted field name, as overrides have it: "model.weight".

    Raises
    ------
    ValueError
        If there are none.
    """

    axes: Mapping[str, Axis]

    def __post_init__(self) -> None:
        if not self.axes:
            raise ValueError("space: fields: found none, expected lines such as 'model.weight: [ternary, sawb4]'")

    def distributions(self) -> dict[str, BaseDistribution]:
        """Return what Optuna draws from, by field."""
        return {name: axis.distribution() for name, axis in self.axes.items()}

    def plain(self) -> dict[str, Any]:
        """Return the space as YAML holds it."""
        return {name: axis.plain() for name, axis in self.axes.items()}

    def check(self, recipe: Recipe) -> None:
        """Try every choice, and both ends of every range, in `recipe`, one field at a time.

        Raises
        ------
        ValueError
            Naming the field whose value the recipe refuses.
        """
        for name, axis in self.axes.items():
            for value in axis.samples():
                try:
                    applied(recipe, {name: value})
                except ValueError as error:
                    raise ValueError(f"space: {name}: {value!r}: {error}") from error


def searchable_fields() -> dict[str, type]:
    """Return the fields of a recipe that a search may vary, with their types.

    Examples
    --------
    >>> searchable_fields()["training.batch_size"]
    <class 'int'>
    """
    return {name: kind for name, kind in _leaves(Recipe, "") if name not in FIXED}


def _leaves(cls: type, prefix: str) -> list[tuple[str, type]]:
    hints = get_type_hints(cls)
    found: list[tuple[str, type]] = []
    for field in fields(cls):
        kind = hints[field.name]
        if isinstance(kind, type) and is_dataclass(kind):
            found += _leaves(kind, f"{prefix}{field.name}.")
        elif kind in (int, float, str, bool):
            found.append((prefix + field.name, kind))
    return found


def applied(recipe: Recipe, values: Mapping[str, Value], name: str | None = None) -> Recipe:
    """Return `recipe` with fields changed, and another name where one is given.

    Parameters
    ----------
    recipe : Recipe
    values : mapping of str to int, float, str or bool
        By dotted field name.
    name : str, optional

    Raises
    ------
    ValueError
        If a field is unknown, of the wrong type or out of range, or changed without effect.

    Examples
    --------
    >>> applied(Recipe(), {"model.weight": "sawb4"}).model.weight
    'sawb4'
    """
    given = OmegaConf.create(recipe_text(recipe))
    for field, value in {**values, **({} if name is None else {"name": name})}.items():
        OmegaConf.update(given, field, value)
    changed = load_recipe(OmegaConf.to_yaml(given))
    check_effective(changed, values)
    return changed


def space_names() -> list[str]:
    """Return the recipes of the package that have a space of their own."""
    folder = resources.files("lava_spquant") / "recipes" / "spaces"
    return sorted(item.name[: -len(".yaml")] for item in folder.iterdir() if item.name.endswith(".yaml"))


def load_space(source: str | Path) -> Space:
    r"""Read a search space.

    A list is a choice among its values; `{low, high}` is a range, which `log: true` draws on a
    logarithmic scale and `step` restricts to multiples of a step above `low`.

    Parameters
    ----------
    source : str or Path
        The name of a recipe of the package, for its space; a YAML file; or (with a line break) YAML itself.

    Raises
    ------
    FileNotFoundError
        If there is no such space.
    ValueError
        Naming the field that is unknown, or whose values make no sense.

    Examples
    --------
    >>> load_space("model.weight: [ternary, sawb4]\ntraining.batch_size: {low: 16, high: 64, step: 16}").plain()
    {'model.weight': ['ternary', 'sawb4'], 'training.batch_size': {'low': 16, 'high': 64, 'step': 16}}
    """
    text = _read(source)
    label = "space" if "\n" in str(source) else f"space {source}"
    try:
        given = OmegaConf.create(text)
        plain = OmegaConf.to_container(given) if isinstance(given, DictConfig) else None
    except (AssertionError, OmegaConfBaseException, YAMLError) as error:
        raise ValueError(f"{label}: found no YAML ({str(error).splitlines()[0]}), expected field names") from error
    if not isinstance(plain, dict) or "${" in text:
        raise ValueError(f"{label}: found no plain fields, expected lines such as 'model.weight: [ternary, sawb4]'")
    return space_of(plain, label)


def space_of(plain: Mapping[Any, Any], label: str = "space") -> Space:
    """Return the space that plain values, as YAML holds them, describe; see `load_space`."""
    known = searchable_fields()
    axes: dict[str, Axis] = {}
    for name, given in plain.items():
        if name not in known:
            raise ValueError(f"{label}: field: found {name!r}, expected one of {', '.join(known)}")
        axes[name] = _axis(given, known[name], f"{label}: {name}")
    return Space(axes)


def _axis(given: Any, kind: type, where: str) -> Axis:
    expected = "a list of values, or {low, high} with log or step"
    try:
        if isinstance(given, list):
            return Choices(tuple(given))
        if isinstance(given, dict) and {"low", "high"} <= given.keys() <= {"low", "high", "log", "step"}:
            if kind in (int, float):
                return Range(whole=kind is int, **given)
            expected = f"a list: the field is a {kind.__name__}"
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    raise ValueError(f"{where}: found {given!r}, expected {expected}")


def _read(source: str | Path) -> str:
    if "\n" in str(source):
        return str(source)
    if str(source) in space_names():
        return (resources.files("lava_spquant") / "recipes" / "spaces" / f"{source}.yaml").read_text(encoding="utf-8")
    path = Path(source)
    if not path.is_file():
        expected = f"a YAML file, or a recipe that has one: {', '.join(space_names())}"
        raise FileNotFoundError(f"space: found no {str(source)!r}, expected {expected}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"space {path}: found bytes that are no UTF-8 text, expected YAML") from error
