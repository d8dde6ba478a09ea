from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lava_spquant import netx
from lava_spquant.workflow import load
from tests.cli.conftest import Shell
from tests.paths import ROOT

DIGITS = ROOT / "netx_models" / "digits.net"


def test_a_sweep_writes_table_figure_and_network(shell: Shell, tmp_path: Path) -> None:
    found = shell(
        "sweep", DIGITS, "--limit", 80, "--raise", "0,0.1,0.4", "--lost", 2, "--out", tmp_path / "s", "--json"
    )
    assert found.code == 0, found.err
    points = found.values["points"]
    assert [p["raised"] for p in points] == [0, 0.1, 0.4]
    assert points[0]["share_of_synops"] == 1
    assert points[2]["synops"] < points[1]["synops"] < points[0]["synops"]
    with (tmp_path / "s" / "sweep.csv").open(encoding="utf-8") as file:
        assert [float(row["synops"]) for row in csv.DictReader(file)] == [p["synops"] for p in points]
    assert (tmp_path / "s" / "sweep.png").stat().st_size > 1000
    chosen = next(p for p in points if p["raised"] == found.values["chosen"])
    assert chosen["accuracy"] >= points[0]["accuracy"] - 0.02
    before, after = (found.values["judged"][when] for when in ("before", "after"))
    assert points[0]["samples"] == before["samples"] == after["samples"] == 40
    assert found.values["saved"] == pytest.approx(1 - after["synops"] / before["synops"])
    assert found.values["points_lost"] == pytest.approx(100 * (before["accuracy"] - after["accuracy"]))
    again = shell("run", tmp_path / "s" / "chosen.net", "--limit", 80, "--json")
    assert again.values["correct"] == chosen["correct"] + after["correct"]
    assert netx.info(tmp_path / "s" / "chosen.net").metadata["raised"] == f"{chosen['raised']:g}"
    assert load(tmp_path / "s" / "chosen.net").dataset == "digits"


def test_a_sweep_for_people(shell: Shell, tmp_path: Path) -> None:
    found = shell("sweep", DIGITS, "--limit", 20, "--raise", "0,0.5", "--out", tmp_path)
    assert found.code == 0, found.err
    for word in ("Raised thresholds", "45 nm", "fewer synaptic operations"):
        assert word in " ".join(found.out.split())


@pytest.mark.parametrize("text", ["0.1,0.2", "0,0.2,0.1", "0,x", "", "0,0", "0,inf", "0,nan", "nan", "0,nan,1", "0,-1"])
def test_raises_begin_at_0_and_rise(shell: Shell, text: str, tmp_path: Path) -> None:
    # What is swept is not looked for before.
    found = shell("sweep", tmp_path / "none.net", "--raise", text, "--json")
    assert found.code == 2
    assert f"--raise: found {text!r}, expected rising finite numbers from 0 on" in found.values["error"]


@pytest.mark.parametrize("text", ["nan", "inf"])
def test_what_may_be_lost_is_a_number(shell: Shell, text: str, tmp_path: Path) -> None:
    found = shell("sweep", tmp_path / "none.net", "--lost", text, "--json")
    assert found.code == 2
    # typer may know by itself that nan is not at least 0.
    assert "--lost" in found.out + found.err
    assert "none.net" not in found.out + found.err


BINARY = """\
name: bits
data: {name: digits, steps: 1}
model: {architecture: C8-B8-B8-FC, weight: binary-standard, surrogate: asymmetric}
training: {epochs: 4, batch_size: 64, learning_rate: 0.01, optimizer: adam, loss: mean}
"""


def test_batch_norm_is_measured_anew_for_the_network_that_is_written(shell: Shell, tmp_path: Path) -> None:
    recipe = tmp_path / "bits.yaml"
    recipe.write_text(BINARY)
    trained = shell("train", recipe, "--out", tmp_path / "run", "--json")
    assert trained.code == 0, trained.err
    sweep = ("sweep", trained.values["checkpoint"], "--raise", "0,0.5", "--lost", 100, "--json")
    plain = shell(*sweep, "--out", tmp_path / "plain").values
    anew = shell(*sweep, "--renormalise", 500, "--out", tmp_path / "anew").values
    assert plain["judged"]["before"] == anew["judged"]["before"]
    assert plain["chosen"] == anew["chosen"] == 0.5
    assert plain["judged"]["after"] != anew["judged"]["after"]
    assert anew["saved"] > 0.1
    for found in (plain, anew):
        ran = shell("run", found["path"], "--json").values
        assert ran["correct"] == found["points"][1]["correct"] + found["judged"]["after"]["correct"]


def test_integers_have_no_batch_norm(shell: Shell) -> None:
    found = shell("sweep", DIGITS, "--renormalise", 10, "--json")
    assert found.code == 2
    assert "--renormalise: found a network of integers" in found.values["error"]
