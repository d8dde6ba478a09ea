"""The benchmarks of pruning and of gates run with --quick on networks that were just trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from lava_spquant.workflow.recipe import load_recipe
from lava_spquant.workflow.train import train
from tests.benchmarks.scripts import run, values


def test_pruning(tmp_path: Path) -> None:
    recipe = load_recipe("digits-cnn", ("model.architecture=8s2-8-FC", "data.steps=2", "training.epochs=3"))
    checkpoint = train(recipe, tmp_path / "run", progress=False).checkpoint
    options = ("--criteria", "membrane,random:0", "--epochs", "1", "--folder", "p", "--figure", "p.png")
    found = values("pruning", str(checkpoint), *options, "--results", "p.json", cwd=tmp_path)
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) == found
    assert (tmp_path / "p.png").stat().st_size > 1000
    assert [row["criterion"] for row in found["rows"]] == ["membrane", "random:0"]
    dense = found["dense"]
    for row in found["rows"]:
        assert row["operations"] <= 0.7 * dense["operations"]
        assert row["fewer_operations"] == pytest.approx(dense["operations"] / row["operations"])
        assert row["fewer_synops"] == pytest.approx(dense["synops"] / row["synops"])
        assert row["engine_speedup"] > 0
    # A further call trains nothing.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("p/*/last.ckpt")}
    assert len(before) == 2
    values("pruning", str(checkpoint), *options, cwd=tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in before}
    # One that was trained further, beside the dense network.
    (smaller,) = tmp_path.glob("p/membrane-*/last.ckpt")
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:8]
    assert smaller.parent.name == f"membrane-0.7-operations-1-epochs-{digest}"
    again = values("pruned", str(checkpoint), str(smaller), "--results", "q.json", cwd=tmp_path)
    assert json.loads((tmp_path / "q.json").read_text(encoding="utf-8")) == again
    counted = ("accuracy", "channels", "operations", "synops", "weights", "kilobytes", "fewer_synops")
    for one, other in zip(again["rows"], (dense, found["rows"][0]), strict=True):
        assert {name: one[name] for name in counted} == {name: other[name] for name in counted}
    whole, less = again["rows"]
    assert whole["channels"] == [8, 8, 10]
    assert whole["channels"] > less["channels"]
    recipes = [load_recipe(row["recipe"]) for row in (whole, less)]
    assert [recipe.name for recipe in recipes] == ["digits-cnn", smaller.parent.name]
    assert [recipe.model.channels for recipe in recipes] == [(), tuple(less["channels"])]


def test_another_checkpoint_is_pruned_and_trained_anew(tmp_path: Path) -> None:
    changes = ("model.architecture=8s2-8-FC", "data.steps=1")
    runs = [(f"training.epochs={epochs}", f"training.learning_rate={rate}") for epochs, rate in ((1, 1e-6), (4, 2e-3))]
    found = []
    for number, run_of in enumerate(runs):
        recipe = load_recipe("digits-cnn", (*changes, *run_of))
        checkpoint = train(recipe, tmp_path / f"run-{number}", progress=False).checkpoint
        # The same recipe of further training for both.
        options = ("--criteria", "weight", "--epochs", "1", "--set", "training.learning_rate=1e-6", "--folder", "p")
        found.append(values("pruning", str(checkpoint), *options, "--shares", "1", cwd=tmp_path))
    first, second = (result["rows"][0] for result in found)
    assert first["accuracy"] != second["accuracy"]
    assert len([*tmp_path.glob("p/weight-1-operations-*/last.ckpt")]) == 2


def test_gates(tmp_path: Path) -> None:
    overrides = ("model.architecture=8s2-8-FC", "data.steps=2", "training.epochs=3", "model.gates=both")
    checkpoint = train(load_recipe("digits-cnn", overrides), tmp_path / "run", progress=False).checkpoint
    options = ("--seeds", "3,1,2", "--figure", "g.png", "--results", "g.json")
    found = values("gates", str(checkpoint), *options, cwd=tmp_path)
    assert json.loads((tmp_path / "g.json").read_text(encoding="utf-8")) == found
    assert (tmp_path / "g.png").stat().st_size > 1000
    assert (found["seeds"], found["samples"]) == ([3, 1], 100)
    dense, trained, *shuffled = found["rows"]
    assert [row["masks"] for row in found["rows"]] == ["all open", "predictors", *["random", "random alone"] * 2]
    assert [row["seed"] for row in shuffled] == [3, 3, 1, 1]
    assert (dense["open_share"], dense["flops_predictors"], dense["engine_faster"]) == (1, 0, None)
    for row in found["rows"]:
        assert row["fewer_flops"] == pytest.approx(dense["flops"] / row["flops"])
        assert row["fewer_synops"] == pytest.approx(dense["synops"] / row["synops"])
    for row in shuffled[::2]:
        # As much is open as to the predictors, so that the paper's count is the same.
        assert row["engine_faster"] is None
        for name in ("open_share", "flops", "flops_predictors", "synops_predictors"):
            assert row[name] == trained[name]
    for row in (trained, *shuffled[1::2]):
        assert row["engine_faster"] > 0
    means = {row["masks"]: row for row in found["means"]}
    assert means["random"]["accuracy"] == pytest.approx((shuffled[0]["accuracy"] + shuffled[2]["accuracy"]) / 2)
    assert means["random"]["deviation"]["open_share"] == 0
    assert means["predictors"]["seeds"] == 1


def test_gates_wants_a_network_with_gates(tmp_path: Path) -> None:
    recipe = load_recipe("digits-cnn", ("model.architecture=4s4-FC", "data.steps=1", "training.epochs=1"))
    checkpoint = train(recipe, tmp_path / "run", progress=False).checkpoint
    done = run("gates", str(checkpoint), "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "gates: found none, expected a network trained with model.gates" in json.loads(done.stdout)["error"]
