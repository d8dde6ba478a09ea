"""The benchmarks of the engine's speed run with --quick, beside Lava, PyTorch and the machine's bounds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.scripts import run, values
from tests.paths import LAVA_DL, ROOT


def assert_spread(row: dict[str, Any]) -> None:
    assert 0 < row["low_us"] <= row["median_us"] <= row["high_us"], row


def test_executors(tmp_path: Path) -> None:
    rows = values("executors", cwd=tmp_path)["rows"]
    networks = {row["network"] for row in rows}
    assert len(networks) == (2 if LAVA_DL.is_dir() else 1)
    for row in rows:
        assert_spread(row)
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
