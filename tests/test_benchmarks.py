"""Every benchmark runs with --quick, and --json gives exactly one object on standard output."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.paths import LAVA_DL, ROOT

FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "common")
DIGITS = ROOT / "netx_models" / "digits.net"


def run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{script}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


def assert_spread(row: dict[str, Any]) -> None:
    assert 0 < row["low_us"] <= row["median_us"] <= row["high_us"], row


def values(script: str, *arguments: str, cwd: Path) -> dict[str, Any]:
    done = run(script, "--quick", "--json", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ok"]
    assert found["machine"]["cpu"]
    assert found["machine"]["cores"] >= 1
    return found


def test_every_script_is_tested() -> None:
    names = (
        "ablation accuracy binary calibration emulator engine executors file_size gates models pruned pruning training"
    )
    assert names.split() == SCRIPTS


def test_ablation(tmp_path: Path) -> None:
    arguments = ("--variants", "32-bit,both", "--seeds", "3,4", "--folder", "runs", "--figure", "a.png")
    found = values("ablation", *arguments, "--results", "a.json", cwd=tmp_path)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == found
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert [row["variant"] for row in found["variants"]] == ["32-bit", "both"]
    for row in found["variants"]:
        assert row["seeds"] == [3, 4]
        assert row["mean"] == pytest.approx(sum(row["accuracy"]) / 2)
        assert row["deviation"] == pytest.approx(abs(row["accuracy"][0] - row["accuracy"][1]) / 2**0.5)
        assert min(row["accuracy"]) > 0.2
    plain = (tmp_path / "runs" / "digits-cnn-32-bit-3" / "recipe.yaml").read_text(encoding="utf-8")
    assert "membrane: none" in plain
    assert "seed: 3" in plain
    # A further call trains nothing.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("last.ckpt")}
    assert len(before) == 4
    assert values("ablation", *arguments, cwd=tmp_path)["variants"] == found["variants"]
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_an_ablation_wants_whole_seeds(tmp_path: Path) -> None:
    done = run("ablation", "--seeds", "1,1", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "--seeds: found '1,1'" in json.loads(done.stdout)["error"]


def test_accuracy(tmp_path: Path) -> None:
    rows = values("accuracy", str(DIGITS), cwd=tmp_path)["rows"]
    assert [row["executor"] for row in rows] == ["engine", "reference", "lava"]
    assert rows[0]["samples"] >= rows[1]["samples"] > rows[2]["samples"] > 0
    for row in rows:
        assert row["same_predictions"] == row["samples"]
        assert row["accuracy"] == row["correct"] / row["samples"]
        assert row["accuracy"] > 0.9


def test_accuracy_of_a_recipe_and_its_twin(tmp_path: Path) -> None:
    arguments = ("--recipes", "digits-cnn", "--folder", "runs", "--results", "found.json")
    found = values("accuracy", *arguments, cwd=tmp_path)
    assert json.loads((tmp_path / "found.json").read_text(encoding="utf-8")) == found
    (row,) = found["rows"]
    for side in ("quantised", "32-bit"):
        assert row[side]["accuracy"] == row[side]["correct"] / row[side]["samples"] > 0.2
    lost = 100 * (row["32-bit"]["accuracy"] - row["quantised"]["accuracy"])
    assert row["points_lost"] == pytest.approx({"32-bit": lost})
    assert 4 < row["paper_memory"]["ratio"] < 16
    assert "membrane: ternary" in row["recipe"]
    twin = (tmp_path / "runs" / "digits-cnn-32-bit" / "recipe.yaml").read_text(encoding="utf-8")
    for line in ("weight: none", "first_weight: none", "last_weight: none", "membrane: none"):
        assert line in twin
    assert found["paper"][0]["mb_at_32"] == 60.94


def test_accuracy_of_a_binary_recipe_and_of_networks_of_its_shape(tmp_path: Path) -> None:
    binary = ("model.architecture=C4-B4s2-FC", "model.weight=binary-standard", "model.surrogate=asymmetric")
    changes = (*binary, "data.steps=1", "training.graded_epochs=1")
    overrides = [word for field in changes for word in ("--set", field)]
    given = ("--recipes", "digits-cnn", "--beside", "relu,graded", "--folder", "runs", *overrides)
    (row,) = values("accuracy", *given, cwd=tmp_path)["rows"]
    for side in ("quantised", "graded", "relu"):
        assert row[side]["accuracy"] == row[side]["correct"] / row[side]["samples"] > 0.2
    for name, bound in (("graded", "1.0"), ("relu", "8.0")):
        recipe = (tmp_path / "runs" / f"digits-cnn-{name}" / "recipe.yaml").read_text(encoding="utf-8")
        for line in ("weight: none", "activation: graded", f"stream_bound: {bound}", "graded_epochs: 0.0"):
            assert line in recipe


def test_pruning(tmp_path: Path) -> None:
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

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
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

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
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

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
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    recipe = load_recipe("digits-cnn", ("model.architecture=4s4-FC", "data.steps=1", "training.epochs=1"))
    checkpoint = train(recipe, tmp_path / "run", progress=False).checkpoint
    done = run("gates", str(checkpoint), "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "gates: found none, expected a network trained with model.gates" in json.loads(done.stdout)["error"]


def test_binary(tmp_path: Path) -> None:
    found = values("binary", "--results", "b.json", cwd=tmp_path)
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == found
    (row,) = found["rows"]
    assert (row["network"], row["batch"], row["threads"]) == ("conv", 2, 1)
    assert row["over_float32"] == pytest.approx(row["float32_ms"] / row["engine_ms"])
    assert row["float32_ms"] > 0
    assert row["bfloat16_ms"] > 0
    assert ("over_larq" in row) == (importlib.util.find_spec("larq_compute_engine") is not None)


def test_calibration(tmp_path: Path) -> None:
    (row,) = values("calibration", cwd=tmp_path)["rows"]
    assert row["case"] == ["int4-channel", "int4-channel", "ternary"]
    assert row["float"] > 0.8
    assert row["calibrated"] > row["float"] - 0.1
    assert 0.5 < row["one_epoch"] <= 1
    assert 0 <= row["rounded"] <= 1


def test_a_missing_network_is_an_error(tmp_path: Path) -> None:
    done = run("accuracy", str(tmp_path / "absent.net"), "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "found no file" in json.loads(done.stdout)["error"]


def test_emulator(tmp_path: Path) -> None:
    (row,) = values("emulator", "--datasets", "digits", cwd=tmp_path)["rows"]
    assert (row["dataset"], row["sensor"], row["images"]) == ("emulated-digits", "10x10", 100)
    assert 200 < row["events_per_image"] < 500
    assert 0.45 < row["on_share"] < 0.55
    assert 0 < row["active_share"] < row["events_per_image"] / (row["steps"] * 2 * 100)
    assert row["images_per_s"] > 0


def test_file_size(tmp_path: Path) -> None:
    rows = values("file_size", cwd=tmp_path)["rows"]
    assert {row["weight_bits"] for row in rows} == {1, 1.58, 2, 4, 8}
    for row in rows:
        assert row["plain_integers"], row
        assert row["file_bytes"] <= 1.15 * row["weight_bytes"] + 65536, row
    large = {row["weight_bits"]: row["file_bytes"] for row in rows if row["weights"] == 100_000}
    assert large[1] < large[1.58] < large[4] < large[8]
    # Random 4-bit weights cannot be pressed below 15 levels' worth of bits.
    assert large[4] > 100_000 * 3.9 / 8


def test_executors(tmp_path: Path) -> None:
    rows = values("executors", cwd=tmp_path)["rows"]
    networks = {row["network"] for row in rows}
    assert len(networks) == (2 if LAVA_DL.is_dir() else 1)
    for row in rows:
        assert 0 < row["low_us"] <= row["median_us"] <= row["high_us"]
    for network in networks:
        mine = [row for row in rows if row["network"] == network]
        (lava,) = (row for row in mine if row["executor"] == "Lava Processes")
        assert lava["ratio"] == 1
        for row in mine:
            assert row["ratio"] == pytest.approx(lava["median_us"] / row["median_us"])


def test_engine_against_lava_and_torch(tmp_path: Path) -> None:
    found = values("engine", "--only", "lava,torch", "--networks", "lava-dl-mnist,our-mnist", cwd=tmp_path)
    networks = ["lava-dl-mnist", "our-mnist"] if LAVA_DL.is_dir() else ["our-mnist"]
    assert list(dict.fromkeys(row["network"] for row in found["lava"])) == networks
    for row in found["lava"] + found["torch"]:
        assert_spread(row)
    for network in networks:
        rows = [row for row in found["lava"] if row["network"] == network]
        free, pinned = rows[:2]
        assert free["executor"].endswith("free")
        assert pinned["executor"].endswith("one core")
        for row in rows:
            assert row["states_compared"] > 0
            assert row["ratio_free"] == pytest.approx(free["median_us"] / row["median_us"])
            assert row["ratio_pinned"] == pytest.approx(pinned["median_us"] / row["median_us"])
        assert {row["batch"] for row in rows if row["executor"] == "engine"} == {1, 32}
        # Thousands where the machine is quiet; a few where it is not.
        assert rows[-1]["ratio_free"] > 5
    for engine, torch in zip(found["torch"][::2], found["torch"][1::2], strict=True):
        assert engine["executor"] == "engine"
        assert engine["ratio"] == pytest.approx(torch["median_us"] / engine["median_us"])


def test_engine_against_the_machine(tmp_path: Path) -> None:
    sections = ("--only", "roofline,scaling,startup", "--networks", "our-mnist")
    results, figure = tmp_path / "results" / "engine.json", tmp_path / "engine.png"
    found = values("engine", *sections, "--results", str(results), "--figure", str(figure), cwd=tmp_path)
    assert json.loads(results.read_text()) == found
    assert found["data"]["mnist.net"] == hashlib.sha256((ROOT / "netx_models" / "mnist.net").read_bytes()).hexdigest()
    assert figure.read_bytes().startswith(b"\x89PNG")
    (row,) = found["roofline"]
    assert_spread(row)
    assert row["additions_per_second"] == pytest.approx(1e6 * row["additions"] / row["median_us"])
    # A network that beat the bound would show that the bound is none.
    assert 0 < row["fraction"] < 1
    assert {line["name"] for line in found["scaling"]} == {"width", "depth", "density", "batch"}
    for line in found["scaling"]:
        slope, intercept = np.polyfit(line["x"], line["y"], 1)
        assert (line["slope"], line["intercept"]) == pytest.approx((slope, intercept))
        assert line["r_squared"] == pytest.approx(np.corrcoef(line["x"], line["y"])[0, 1] ** 2)
    for row in found["startup"]:
        assert row["modules"] == []
        assert 0 < row["peak_mib"] < 1024
        if "images" in row:
            card = (ROOT / "netx_models" / "mnist.md").read_text(encoding="utf-8")
            assert f"{row['correct']:,} of {row['images']:,} test images" in card


def test_engine_refuses_unknown_sections(tmp_path: Path) -> None:
    for arguments, message in (
        (("--only", "lava,speed"), "--only: found speed"),
        (("--networks", "resnet"), "--networks: found resnet"),
        (("--only", "lava", "--figure", "x.png"), "--figure: found no section"),
    ):
        done = run("engine", *arguments, "--json", cwd=tmp_path)
        assert done.returncode == 2
        assert message in json.loads(done.stdout)["error"]


def test_tables_name_the_machine(tmp_path: Path) -> None:
    done = run("file_size", "--quick", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Python 3.10" in done.stdout
    assert "h5py integers" in done.stdout


def test_models_are_the_same_everywhere(tmp_path: Path) -> None:
    found = values("models", "--models", "vgg-small-cpu", cwd=tmp_path)
    assert [row["executor"] for row in found["rows"]] == ["slayer", "engine", "lava"]
    assert all(row["mismatches"] == 0 and row["compared"] > 100_000 for row in found["rows"])
    assert all(0.02 < row["spike_rate"] < 0.5 for row in found["rows"])
