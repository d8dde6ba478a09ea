"""`benchmarks/calibration.py` changes every recipe, also one that lists its quantisers layer by layer."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from lava_spquant.slayer.models.architecture import has_binary_blocks
from lava_spquant.workflow.recipe import load_recipe, recipe_names
from tests.paths import ROOT

NAMES = [name for name in recipe_names() if not has_binary_blocks(load_recipe(name).model.architecture)]
"""Those with potentials."""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("calibration")
    for name in set(sys.modules) - before:
        if name in ("calibration", "common"):
            del sys.modules[name]


@pytest.mark.parametrize("name", NAMES)
def test_its_changes_have_an_effect_on_every_recipe(script: ModuleType, name: str) -> None:
    for weight, ends, membrane in script.CASES:
        model = load_recipe(name, script.quantisers(weight, ends, membrane)).model
        assert (model.weight, model.first_weight, model.last_weight, model.membrane) == (weight, ends, ends, membrane)
        assert (model.weights, model.membranes) == ((), ())
    model = load_recipe(name, script.FULL_PRECISION).model
    assert {model.weight, model.first_weight, model.last_weight, model.membrane} == {"none"}
    assert (model.weights, model.membranes) == ((), ())
