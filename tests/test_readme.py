"""Every example in the README runs, in the order in which a reader meets them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lava_spquant.cli import main
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    bin_folder = Path(sys.executable).parent
    env = dict(os.environ, PATH=f"{bin_folder}{os.pathsep}{os.environ['PATH']}", OMP_NUM_THREADS="1")
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False)


def test_python_examples_run_as_one_script(tmp_path: Path) -> None:
    script = "\n".join(blocks("python"))
    assert "proc.guarded" in script
    (tmp_path / "readme.py").write_text(f"if __name__ == '__main__':\n{indent(script)}", encoding="utf-8")
    done = run([sys.executable, "readme.py"], tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "network.net").is_file()


def test_shell_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that start processes in a shell of their own, the others here, where the libraries are loaded once."""
    (script,) = (text for text in blocks("sh") if "lava-spquant" in text)
    monkeypatch.chdir(tmp_path)
    for line in script.splitlines():
        command, *arguments = shlex.split(line, comments=True)
        assert command == "lava-spquant"
        if "--devices" in arguments or arguments[0] == "search":
            done = run(["bash", "-euo", "pipefail", "-c", line], tmp_path)
            assert done.returncode == 0, done.stderr[-4000:]
        else:
            assert main(arguments) == 0, line
    assert (tmp_path / "short.net").is_file()
    assert list((tmp_path / "figures").iterdir())


def test_the_two_commands_come_first_and_exist() -> None:
    first = blocks("sh")[0]
    targets = re.findall(r"^make (\w+)", first, flags=re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def indent(text: str) -> str:
    return "".join(f"    {line}\n" if line.strip() else "\n" for line in text.splitlines())
