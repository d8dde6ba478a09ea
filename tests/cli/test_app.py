from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from lava_spquant.workflow import EXECUTORS
from lava_spquant.workflow.executor import Executor
from lava_spquant.workflow.recipe import recipe_names
from tests.cli.conftest import Shell
from tests.paths import ROOT

COMMANDS = ("train", "calibrate", "prune", "export", "run", "verify", "sweep", "report", "demo")


def test_version(shell: Shell) -> None:
    found = shell("--version")
    assert (found.code, found.out) == (0, f"lava-spquant {version('lava_spquant')}\n")


def test_help_names_every_command_and_code(shell: Shell) -> None:
    found = shell("--help")
    assert found.code == 0
    for word in (*COMMANDS, "Exit codes"):
        assert word in found.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    found = shell(command, "--help")
    assert found.code == 0
    for word in (f"Example: lava-spquant {command}", "--json", "--quiet", "--debug"):
        assert word in found.out


def test_help_of_train_names_every_recipe(shell: Shell) -> None:
    assert ", ".join(recipe_names()) in " ".join(shell("train", "--help").out.split())


def test_what_runs_files_needs_no_torch(digits_net: Path) -> None:
    # Also one test of the command as a process of its own.
    code = (
        "import sys; sys.modules.update(torch=None, lightning=None); from lava_spquant.cli import main;"
        f"net = {str(digits_net)!r};"
        "codes = [main(['run', net, '--limit', '3', '-q']), main(['report', net, '--limit', '3', '-q']),"
        " main(['verify', net, '--limit', '3', '--lava', '1', '-q']), main(['train', 'digits-cnn'])];"
        "print(codes)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.stdout.strip() == "[0, 0, 0, 2]", result.stderr
    assert "extra 'all'" in result.stderr


@pytest.mark.parametrize("error", [RuntimeError("a model broke"), TimeoutError("too slow"), KeyError("gone")])
def test_a_run_that_breaks_down_is_no_bad_input(
    shell: Shell, digits_net: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(x: object, done: object) -> None:
        raise error

    broken_lava = Executor("lava", "broken", lambda network, model: broken)  # type: ignore[arg-type, return-value]
    monkeypatch.setitem(EXECUTORS, "lava", broken_lava)
    found = shell("run", digits_net, "-e", "lava", "--json", "-q")
    assert found.code == 3
    assert type(error).__name__ in found.err
    assert str(error.args[0]) in found.values["error"]
    assert "Traceback" not in found.err
