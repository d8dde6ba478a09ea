"""Runs a benchmark as its users do, and reads what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.paths import ROOT

FOLDER = ROOT / "benchmarks"


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
