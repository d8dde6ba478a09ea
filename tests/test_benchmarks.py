"""Every benchmark runs with --quick, and --json gives exactly one object on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paths import LAVA_DL, ROOT

FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "common")
DIGITS = ROOT / "netx_models" / "digits.net"


def run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{script}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


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
    assert SCRIPTS == ["accuracy", "executors", "file_size"]


def test_accuracy(tmp_path: Path) -> None:
    rows = values("accuracy", str(DIGITS), cwd=tmp_path)["rows"]
    assert [row["executor"] for row in rows] == ["reference", "lava"]
    assert rows[0]["samples"] > rows[1]["samples"] > 0
    for row in rows:
        assert row["same_predictions"] == row["samples"]
        assert row["accuracy"] == row["correct"] / row["samples"]
        assert row["accuracy"] > 0.9


def test_a_missing_network_is_an_error(tmp_path: Path) -> None:
    done = run("accuracy", str(tmp_path / "absent.net"), "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "found no file" in json.loads(done.stdout)["error"]


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


def test_tables_name_the_machine(tmp_path: Path) -> None:
    done = run("file_size", "--quick", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Python 3.10" in done.stdout
    assert "h5py integers" in done.stdout
