"""`benchmarks/pruning.py` and `pruned.py`: what goes on, what begins anew, and what the figures were measured on."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow import prune
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import train
from tests.paths import ROOT
from tests.workflow.bright_rows import TEXT, bright_rows

PRUNING = {"criteria": "weight", "shares": "1"}
QUICK = {"quick": True, "quiet": True}


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, ModuleType]]:
    """Both scripts; nothing is timed, and the reference runs the networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prune, "default_executor", lambda: "reference")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setattr(importlib.import_module("pruning_parts.rows"), "speedup", lambda *_: 1.0)
    yield {name: importlib.import_module(name) for name in ("pruning", "pruned")}
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("common", "pruning", "pruned", "pruning_parts"):
            del sys.modules[name]


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    return bright_rows(monkeypatch)


def made(folder: Path, *overrides: str) -> Path:
    return train(load_recipe(TEXT, ["training.epochs=1", *overrides]), folder, progress=False).checkpoint


def results(target: Path, script: ModuleType, *arguments: Any, **options: Any) -> dict[str, Any]:
    with pytest.raises(typer.Exit) as stop:
        script.main(*arguments, results=target, **options)
    assert stop.value.exit_code == 0
    found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return found


def test_another_number_of_epochs_is_another_training(
    scripts: dict[str, ModuleType], recipe: Recipe, tmp_path: Path
) -> None:
    dense = made(tmp_path / "dense")
    options, written = {**PRUNING, **QUICK, "folder": tmp_path / "p"}, {}
    for epochs in (1, 2, 1):
        found = results(tmp_path / "p.json", scripts["pruning"], dense, epochs=epochs, **options)
        assert found["epochs"] == epochs
        (run,) = (tmp_path / "p").glob(f"weight-1-operations-{epochs}-epochs-*/last.ckpt")
        assert read_checkpoint(run)["epoch"] == epochs - 1
        # The same command trains nothing more.
        assert written.setdefault(epochs, run.read_bytes()) == run.read_bytes()


@pytest.mark.parametrize(("limit", "samples"), [(20, 20), (None, 40), (30, 30)])
def test_results_say_what_they_were_measured_on(
    scripts: dict[str, ModuleType], recipe: Recipe, tmp_path: Path, limit: int | None, samples: int
) -> None:
    dense = made(tmp_path / "dense")
    options = {**QUICK, "limit": limit}
    found = results(tmp_path / "p.json", scripts["pruning"], dense, folder=tmp_path / "p", **PRUNING, **options)
    assert (found["dataset"], found["samples"], found["name"]) == ("digits", samples, "tiny")
    assert load_recipe(found["recipe"]) == load_recipe(TEXT, ["training.epochs=1"])
    assert found["dense"]["accuracy"] * samples == pytest.approx(round(found["dense"]["accuracy"] * samples))
    again = results(tmp_path / "q.json", scripts["pruned"], dense, [dense], **options)
    assert (again["dataset"], again["samples"], again["name"]) == ("digits", samples, "tiny")
    assert [row["accuracy"] for row in again["rows"]] == [found["dense"]["accuracy"]] * 2


def test_quick_measures_a_hundred_at_most(
    scripts: dict[str, ModuleType], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = made(tmp_path / "dense")
    for script in scripts.values():
        monkeypatch.setattr(script, "QUICK_LIMIT", 7)
    options, kept = {**QUICK, "limit": 20}, {**PRUNING, "folder": tmp_path / "p"}
    assert results(tmp_path / "p.json", scripts["pruning"], dense, **kept, **options)["samples"] == 7
    assert results(tmp_path / "q.json", scripts["pruned"], dense, [dense], **options)["samples"] == 7


@pytest.mark.parametrize("change", ["data.bits=2", "data.size=3", "data.steps=3"])
def test_networks_of_other_frames_are_not_compared(
    scripts: dict[str, ModuleType], recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    dense, other = made(tmp_path / "dense"), made(tmp_path / "other", change)
    with pytest.raises(typer.Exit) as stop:
        scripts["pruned"].main(dense, [other], quick=True)
    assert stop.value.exit_code == 2
    name, value = change.removeprefix("data.").split("=")
    error = capsys.readouterr().err
    assert "data: found ('digits', FrameConfig(" in error
    assert f"{name}={value}" in error
