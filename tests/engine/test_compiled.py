from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lava_spquant
from lava_spquant.engine._compiled import FOLDER
from tests.paths import ROOT

PACKAGE = Path(lava_spquant.__file__).parent

RUN = """
import sys
from tests.engine.test_simulator import wide_network
import numpy as np
from lava_spquant.engine import Engine
from lava_spquant.engine._run import run_samples
network = wide_network()
Engine(network).run(np.zeros((2, 3, *network.input.shape), np.int32))
hits, misses = (sum(found.values()) for found in run_samples.stats[1:])
print(hits, misses)
"""


def python(code: str, cwd: Path = ROOT, **variables: str) -> str:
    environment = {**os.environ, **variables}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_second_program_compiles_nothing() -> None:
    python(RUN)
    assert python(RUN) == "1 0"


def test_compiled_code_lies_in_the_cache_and_not_in_the_package() -> None:
    """So that an installation may be read-only."""
    python(RUN)
    assert list(FOLDER.rglob("*.nbi"))
    assert not list(PACKAGE.rglob("*.nb[ic]"))


def copy_engine(folder: Path) -> Path:
    for name in ("ir", "jit", "engine"):
        shutil.copytree(PACKAGE / name, folder / "lava_spquant" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "lava_spquant" / "__init__.py").touch()
    return folder


WHERE = "from lava_spquant.engine._compiled import FOLDER; print(FOLDER)"


@pytest.mark.parametrize(
    "file", ["engine/_sums.py", "engine/_run.py", "engine/_neurons.py", "jit/llvm.py", "ir/limits.py"]
)
def test_a_changed_source_has_a_cache_of_its_own(tmp_path: Path, file: str) -> None:
    folder = copy_engine(tmp_path)
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(folder)}
    before = python(WHERE, folder, **home)
    assert before == python(WHERE, folder, **home)
    assert Path(before).parent == tmp_path / "cache" / "lava_spquant"
    source = folder / "lava_spquant" / file
    source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert python(WHERE, folder, **home) != before


KEPT = """
from lava_spquant.engine._compiled import _run
from pathlib import Path
folder = Path(_run.run_samples._cache.cache_path)
print(folder, folder.is_dir())
"""


def test_where_nothing_can_be_kept_it_works_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = tmp_path / "kept"
    kept.mkdir()
    path, existed = python(KEPT, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(kept)).rsplit(" ", 1)
    assert kept in Path(path).parents
    assert existed == "True"
    assert not list(kept.iterdir())
