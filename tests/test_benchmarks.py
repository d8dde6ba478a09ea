"""Every benchmark runs with --quick, and --json gives exactly one object on standard output."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.benchmarks.scripts import FOLDER, run, values
from tests.paths import ROOT

SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "common")
DIGITS = ROOT / "netx_models" / "digits.net"


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
