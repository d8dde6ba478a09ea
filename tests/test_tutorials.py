"""Every notebook runs from top to bottom, and its last cell is a check that can fail."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.paths import ROOT

FOLDER = ROOT / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TIMEOUT = 180.0
KERNEL = "this-interpreter"

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def _kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the interpreter of this test as a kernel, whatever kernels the machine has or lacks."""
    home = tmp_path / "jupyter"
    write_kernel_spec(home / "kernels" / KERNEL)
    monkeypatch.setenv("JUPYTER_PATH", str(home))
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_outputs_are_cleared(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert not cell.outputs, f"cell {cell.id}: clear all outputs before committing"
        assert cell.execution_count is None


@each_notebook
@pytest.mark.usefixtures("_kernel")
def test_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name=KERNEL, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    cells = code_cells(notebook)
    assert all(cell.execution_count for cell in cells)
    said = "".join(output.get("text", "") for output in cells[-1].outputs)
    assert "all equal" in said


@pytest.mark.parametrize(
    ("equal", "detectors_agree", "accuracy"), [(False, True, 0.99), (True, False, 0.99), (True, True, 0.5)]
)
def test_the_last_cell_raises_on_a_difference(equal: bool, detectors_agree: bool, accuracy: float) -> None:
    source = code_cells(read(FOLDER / "train_and_deploy.ipynb"))[-1].source
    found = {"reference": SimpleNamespace(equal=True, compared=5), "lava": SimpleNamespace(equal=equal, compared=5)}
    names = {"checks": found, "detectors_agree": detectors_agree, "accuracy": accuracy}
    with pytest.raises(AssertionError, match="differs from training"):
        exec(compile(source, "last cell", "exec"), names)
