"""The house rules that a machine can check: who imports whom, and how long things may be."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lava_spquant import ir
from tests.paths import ROOT

PACKAGE = ROOT / "lava_spquant"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


@dataclass(frozen=True)
class Layer:
    """What a folder may import beside the standard library, NumPy and itself; a name covers what lies below it.

    `late` may be imported inside functions and for type checkers only: the folder imports without it.
    """

    allowed: tuple[str, ...]
    late: tuple[str, ...] = ()


LAYERS = {
    "ir": Layer(()),
    "jit": Layer(("numba", "llvmlite")),
    "slayer": Layer(
        (
            "torch",
            "triton",
            "numba",
            "llvmlite",
            "lava.lib.dl.slayer",
            "lightning",
            "torchmetrics",
            "omegaconf",
            "rich",
            "lava_spquant.ir",
            "lava_spquant.jit",
        ),
        late=("h5py", "lava_spquant.netx", "lava_spquant.data"),
    ),
    "netx": Layer(("h5py", "lava_spquant.ir")),
    "engine": Layer(("numba", "llvmlite", "lava_spquant.ir", "lava_spquant.jit")),
    "proc": Layer(
        (
            "lava.magma",
            "lava.proc",
            "lava.utils",
            "psutil",
            "lava_spquant.ir",
            "lava_spquant.engine",
            "lava_spquant.netx",
        )
    ),
    "nir": Layer(
        ("nir", "h5py", "torch", "lava_spquant.ir", "lava_spquant.netx", "lava_spquant.slayer"),
    ),
    "prune": Layer(("lava_spquant.ir",)),
    "report": Layer(("matplotlib", "rich", "lava_spquant.ir")),
    "data": Layer(("torch", "tonic"), late=("sklearn", "torchvision", "PIL")),
}
"""One entry per folder; a new folder needs one."""

TOP = ("workflow", "cli")
"""What puts the folders together may import everything; the last, the command, may also print."""

HEAVY = ("torch", "lava", "numba", "matplotlib", "sklearn", "lightning")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def folder(path: Path) -> str:
    """Return the layer of a file: its folder in the package, or its own name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module with whether that is put off: to a call, or to a type checker."""
    inner = {id(node) for outer in ast.walk(tree(path)) if puts_off(outer) for node in ast.walk(outer)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in inner) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from lava_spquant import ir` imports lava_spquant.ir.
            yield from ((f"{node.module}.{alias.name}", id(node) in inner) for alias in node.names)


def puts_off(node: ast.AST) -> bool:
    for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def covered(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def test_every_folder_says_what_it_may_import() -> None:
    assert {folder(path) for path in FILES} - {"__init__", *TOP} <= LAYERS.keys()


@pytest.mark.parametrize("own", LAYERS)
def test_a_folder_imports_only_what_lies_below_it(own: str) -> None:
    allowed = ("numpy", f"lava_spquant.{own}", *LAYERS[own].allowed)
    late = (*allowed, *LAYERS[own].late)
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in FILES
        if folder(path) == own
        for module, put_off in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not covered(module, late if put_off else allowed)
    ]
    assert not wrong, "\n".join((*wrong, f"{own} may import {allowed}, and late {LAYERS[own].late}"))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("lava_spquant", HEAVY),
        ("lava_spquant.ir", (*HEAVY, "h5py")),
        ("lava_spquant.netx", HEAVY),
        ("lava_spquant.slayer", ("lava.magma", "lava.proc", "lava.utils", "triton")),
        ("lava_spquant.engine", ("torch", "lava", "matplotlib", "h5py", "lightning")),
        ("lava_spquant.proc", ("torch",)),
        ("lava_spquant.nir", HEAVY),
        ("lava_spquant.report", ("torch", "lava")),
    ],
)
def test_importing_a_folder_stays_light(package: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {package}; print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert package in result.stdout.split()
    loaded = [module for module in result.stdout.split() if covered(module, forbidden)]
    assert not loaded, f"importing {package} also imports {loaded[:5]}"


def test_files_and_functions_stay_short() -> None:
    long = []
    for path in FILES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines >= MAX_FILE_LINES:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and body_lines(node) >= MAX_FUNCTION_LINES:
                long.append(f"{path.relative_to(ROOT)}: {node.name}: {body_lines(node)} lines")
    assert not long, "\n".join(long)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    first = function.body[0]
    docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    statements = function.body[1:] if docstring else function.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def test_a_library_does_not_print() -> None:
    prints = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        if folder(path) != TOP[-1]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not prints


def test_nothing_unpickles() -> None:
    unsafe = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
    assert not [path for path in FILES if unsafe & {module.split(".")[0] for module, _ in imports(path)}]


def registries() -> Iterator[tuple[Path, str, list[object]]]:
    """Yield every module-level dict literal in capitals, with its literal keys."""
    for path in FILES:
        for node in tree(path).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, ast.Dict):
                yield path, target.id, [key.value for key in value.keys if isinstance(key, ast.Constant)]


def test_registries_name_everything_once() -> None:
    found = list(registries())
    assert {"WEIGHT_QUANTISERS", "SURROGATES"} <= {name for _, name, _ in found}
    for path, name, keys in found:
        assert len(set(keys)) == len(keys), f"{path.relative_to(ROOT)}: {name} repeats a key"


def test_neurons_and_synapses_have_kinds_of_their_own() -> None:
    for classes in (ir.NEURONS, ir.SYNAPSES):
        assert [cls.kind for cls in classes.values()] == list(classes)
    # Files and figures name both in one place.
    assert not ir.NEURONS.keys() & ir.SYNAPSES.keys()


@pytest.mark.parametrize(
    ("module", "neurons", "synapses"),
    [
        ("lava_spquant.netx.schema", "NEURON_SCHEMAS", "SYNAPSE_SCHEMAS"),
        ("lava_spquant.engine.program", "NEURON_CODES", "SYNAPSE_CODES"),
        ("lava_spquant.nir.neurons", "NEURON_NODES", None),
        ("lava_spquant.nir.synapses", None, "SYNAPSE_NODES"),
        ("lava_spquant.proc.neurons", "NEURON_BUILDERS", None),
        ("lava_spquant.proc.synapses", None, "SYNAPSE_BUILDERS"),
        ("lava_spquant.slayer.neuron", "NEURONS", None),
        ("lava_spquant.slayer.exact", None, "EXACT_SYNAPSES"),
    ],
)
def test_every_folder_knows_every_kind(module: str, neurons: str | None, synapses: str | None) -> None:
    loaded = importlib.import_module(module)
    for name, kinds in ((neurons, ir.NEURONS.keys()), (synapses, ir.SYNAPSES.keys())):
        if name is not None:
            assert getattr(loaded, name).keys() == kinds, f"{module}.{name} and ir hold different kinds"
