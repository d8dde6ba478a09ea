"""The first thing that a newcomer runs: finding a Python 3.10, and what is said without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

FINDER = ROOT / ".ci" / "find-python"


def find(path: Path, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the finder with nothing on PATH but what is in `path`."""
    environment = {"PATH": str(path), "HOME": str(home), **variables}
    return subprocess.run(["/bin/sh", FINDER], env=environment, capture_output=True, text=True, check=False)


def command(folder: Path, name: str, script: str) -> Path:
    """Put an executable shell script into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def python_310(folder: Path, name: str) -> Path:
    return command(folder, name, f'exec "{sys.executable}" "$@"')


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_without_a_python_it_says_how_to_get_one(empty: Path) -> None:
    result = find(empty, empty)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "needs Python 3.10" in result.stderr
    for way in ("pyenv install 3.10", "uv python install 3.10", "python3.10-venv", "PYTHON=/path/to/python3.10"):
        assert way in result.stderr


def test_without_home_and_path_it_says_the_same() -> None:
    result = subprocess.run(["/bin/sh", FINDER], env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "needs Python 3.10" in result.stderr


@pytest.mark.parametrize("name", ["python3.10", "python3", "python"])
def test_finds_it_on_the_path(tmp_path: Path, empty: Path, name: str) -> None:
    python_310(tmp_path / "bin", name)
    result = find(tmp_path / "bin", empty)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == sys.executable


def test_finds_pyenvs(tmp_path: Path, empty: Path) -> None:
    python_310(tmp_path / ".pyenv/versions/3.10.7/bin", "python3.10")
    command(tmp_path / ".pyenv/versions/3.9.9/bin", "python3.9", "exit 0")
    assert find(empty, tmp_path).stdout.strip() == sys.executable
    assert find(empty, empty, PYENV_ROOT=str(tmp_path / ".pyenv")).stdout.strip() == sys.executable


def test_finds_uvs(tmp_path: Path, empty: Path) -> None:
    python = python_310(tmp_path / "elsewhere", "python3.10")
    command(tmp_path / "bin", "uv", f'[ "$*" = "python find 3.10" ] && echo "{python}"')
    assert find(tmp_path / "bin", empty).stdout.strip() == sys.executable


def test_passes_over_other_versions_and_broken_shims(tmp_path: Path, empty: Path) -> None:
    command(tmp_path / "bin", "python3.10", 'echo "pyenv: python3.10: command not found" >&2; exit 127')
    command(tmp_path / "bin", "python3", "exit 1")
    assert find(tmp_path / "bin", empty).returncode == 1
    python_310(tmp_path / "bin", "python")
    assert find(tmp_path / "bin", empty).stdout.strip() == sys.executable


def test_the_callers_choice_comes_first_and_a_wrong_one_is_named(tmp_path: Path, empty: Path) -> None:
    chosen = python_310(tmp_path / "chosen place", "my-python")
    assert find(empty, empty, PYTHON=str(chosen)).stdout.strip() == sys.executable
    result = find(empty, empty, PYTHON="/no/such/python")
    assert result.returncode == 1
    assert "PYTHON=/no/such/python is not a usable Python 3.10" in result.stderr


def test_a_python_without_venv_names_the_missing_package(tmp_path: Path, empty: Path) -> None:
    # The second question the finder asks is whether ensurepip and venv import.
    command(tmp_path / "bin", "python3.10", 'case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac')
    result = find(tmp_path / "bin", empty)
    assert result.returncode == 1
    assert "cannot make virtual environments" in result.stderr
    assert "apt install python3.10-venv" in result.stderr


def test_make_stops_with_that_message(tmp_path: Path) -> None:
    """A copy of what `make` needs, no Python within reach: the message, a failure, and no half-made .venv."""
    for name in ("Makefile", "pyproject.toml", ".ci/find-python"):
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    (tmp_path / "clone/.ci/find-python").chmod(0o755)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("make", "sh", "test", "touch"):
        where = next(p for d in os.get_exec_path() if (p := Path(d) / tool).exists())
        (tools / tool).symlink_to(where)
    result = subprocess.run(
        ["make", "demo"],
        cwd=tmp_path / "clone",
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "needs Python 3.10" in result.stderr
    assert not (tmp_path / "clone/.venv").exists()


def test_help_lists_the_targets() -> None:
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("make demo", "make test", "make lint"):
        assert target in result.stdout
