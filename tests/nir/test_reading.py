"""Files are untrusted: whatever happens to one, reading it gives a graph or a `NirError` that names it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from lava_spquant.nir import NirError, read
from tests.nir.graphs import cuba_lif, from_nodes, if_, lif

NODES = [
    nir.Linear(np.eye(2)),
    nir.Affine(np.eye(2) / 3, np.ones(2)),
    nir.Scale(np.ones(2)),
    nir.Conv1d(8, np.ones((2, 2, 3)), 1, 0, 1, 1, np.ones(2)),
    nir.Conv2d((4, 5), np.ones((2, 2, 3, 3)), 1, (1, 0), 1, 1, np.ones(2)),
    nir.Conv2d((4, 5), np.ones((2, 2, 3, 3)), 1, "same", 1, 1, np.ones(2)),
    nir.SumPool2d(np.array([2, 1]), np.array([2, 1]), np.array([0, 0])),
    nir.AvgPool2d(np.array([2, 1]), np.array([2, 1]), np.array([0, 0])),
    nir.Flatten(input_type={"input": np.array([2, 3, 4])}, start_dim=0),
    nir.Delay(np.ones(2)),
    nir.Threshold(np.ones(2)),
    nir.I(np.ones(2)),
    nir.LI(np.ones(2), np.ones(2), np.ones(2)),
    nir.CubaLI(np.ones(2), np.ones(2), np.ones(2), np.ones(2)),
    if_(2),
    lif((2, 3, 4)),
    cuba_lif(2),
]


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_every_primitive_comes_back(node: nir.NIRNode, tmp_path: Path) -> None:
    node.metadata = {"note": "by hand", "numbers": np.arange(3), "deeper": {"one": 1}}
    nir.write(tmp_path / "a.nir", from_nodes((2,), node))
    graph = read(tmp_path / "a.nir")
    found = graph.nodes["node0"]
    assert type(found) is type(node)
    assert graph.edges == [("input", "node0"), ("node0", "output")]
    wanted, have = node.to_dict(), found.to_dict()
    assert have.keys() == wanted.keys()
    for name in wanted.keys() - {"metadata"}:
        np.testing.assert_array_equal(have[name], wanted[name])
    assert found.metadata["note"] == "by hand"
    assert found.metadata["deeper"]["one"] == 1
    np.testing.assert_array_equal(found.metadata["numbers"], [0, 1, 2])


def test_every_primitive_of_nir_is_known() -> None:
    from lava_spquant.nir.reading import NODES as KNOWN

    primitives = {n for n, v in vars(nir.ir).items() if isinstance(v, type) and issubclass(v, nir.NIRNode)}
    assert primitives - {"NIRNode", "NIRGraph"} == KNOWN.keys()


def edited(path: Path, edit: Callable[[h5py.File], None]) -> Path:
    nir.write(path, from_nodes((2,), nir.Linear(np.eye(2)), lif(2)))
    with h5py.File(path, "r+") as file:
        edit(file)
    return path


def put(name: str, value: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        if name in file:
            del file[name]
        if value is not None:
            file[name] = value

    return edit


def claim(file: h5py.File) -> None:
    del file["node/nodes/node0/weight"]
    file.create_dataset("node/nodes/node0/weight", shape=(2**30, 2**20), dtype="f4", chunks=(2**10, 2**10))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("node", None), "a.nir: node: found nothing"),
        (put("node/type", "NIRList"), "type: found 'NIRList'"),
        (put("node/nodes/node0/type", "Magic"), "node/nodes/node0: type: found 'Magic', expected one of"),
        (put("node/nodes/node0/type", 3), "type: found type int64, expected text"),
        (put("node/nodes/node0/weight", None), "weight: found nothing"),
        (put("node/nodes/node0/weight", np.full((2, 2), np.nan)), "found NaN or infinity"),
        (put("node/nodes/node0/weight", np.ones(3)), "found a node that NIR refuses"),
        (put("node/nodes/node1/tau", np.ones(3)), "found a node that NIR refuses"),
        (put("node/nodes/input/shape", [2**40, 2**40]), "at most .* more neurons"),
        (put("node/nodes/input/shape", [0]), "expected axes of at least 1"),
        (put("node/edges", h5py.SoftLink("/node/nodes")), "found a link elsewhere"),
        (put("node/nodes/node0", h5py.ExternalLink("/etc/passwd", "/")), "found a link elsewhere"),
        (put("node/edges", np.array([[b"input", b"elsewhere"]], dtype=h5py.string_dtype())), "found no node"),
        (put("node/edges", np.array([b"input"], dtype=h5py.string_dtype())), r"edges: found shape \(1,\)"),
        (put("node/nodes/" + "x" * 300 + "/type", "I"), "found a name of 300 letters"),
        (claim, "weight: found shape"),
    ],
)
def test_what_is_wrong_is_named(edit: Callable[[h5py.File], None], message: str, tmp_path: Path) -> None:
    with pytest.raises(NirError, match=message):
        read(edited(tmp_path / "a.nir", edit))


def test_no_file_and_no_hdf5_file(tmp_path: Path) -> None:
    with pytest.raises(NirError, match="found no file"):
        read(tmp_path / "a.nir")
    (tmp_path / "a.nir").write_text("a graph")
    with pytest.raises(NirError, match=r"a\.nir: found damaged data"):
        read(tmp_path / "a.nir")


def test_random_bytes_are_survived(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = edited(tmp_path / "a.nir", lambda file: None)
    original = path.read_bytes()
    seen: Counter[str] = Counter()
    for _ in range(300):
        content = bytearray(original)
        for _ in range(rng.integers(1, 10)):
            content[rng.integers(len(content))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
        path.write_bytes(content[: rng.integers(len(content))] if rng.random() < 0.2 else content)
        start = time.perf_counter()
        try:
            read(path)
            seen["read"] += 1
        except NirError as error:
            seen["refused" if "a.nir" in str(error) else str(error)] += 1
        assert time.perf_counter() - start < 3
    assert seen.keys() == {"refused", "read"}
    assert seen["refused"] > 60
    assert seen["read"] > 10
