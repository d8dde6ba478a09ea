from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.search.settings import SETTINGS_FILE, Settings, agree_on, read_settings
from lava_spquant.workflow.search.space import Space, load_space


def test_settings_are_kept(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    settings = Settings(recipe, space, 7)
    agree_on(tmp_path, settings)
    before = (tmp_path / SETTINGS_FILE).read_bytes()
    assert read_settings(tmp_path) == settings
    agree_on(tmp_path, settings)
    assert (tmp_path / SETTINGS_FILE).read_bytes() == before


def test_other_settings_are_refused(recipe: Recipe, space: Space, tmp_path: Path) -> None:
    agree_on(tmp_path, Settings(recipe, space))
    others = {
        "recipe": Settings(replace(recipe, seed=4), space),
        "space": Settings(recipe, load_space("model.weight: [ternary, sawb4]\n")),
        "seed": Settings(recipe, space, 1),
    }
    for what, settings in others.items():
        with pytest.raises(ValueError, match=f"search.yaml: {what}: found a study of another one.*another folder"):
            agree_on(tmp_path, settings)


def test_a_folder_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"search.yaml: study: found none"):
        read_settings(tmp_path)


@pytest.mark.parametrize("text", ["", "- 1\n", "recipe: 3\n", "a: [\n", "recipe: {}\nspace: {}\nseed: 0\n"])
def test_a_damaged_study_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="search.yaml: study: found a damaged file"):
        read_settings(tmp_path)


def test_values_are_checked_when_settings_are_made(recipe: Recipe, space: Space) -> None:
    with pytest.raises(ValueError, match="search: seed: found -1, expected at least 0"):
        Settings(recipe, space, -1)
    with pytest.raises(ValueError, match="space: data.steps: 0: "):
        Settings(recipe, load_space("data.steps: [0, 1]\n"))
