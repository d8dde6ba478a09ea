from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from tests.netx.samples import QLIF, fields_equal, residual, single


def sequential(path: Path, spec: ir.InputSpec, fragments: list[ir.Network]) -> ir.Network:
    """Write a file as the `export_hdf5` methods of a model's blocks do, and load it."""
    with h5py.File(path, "w") as file:
        layers = file.create_group("layer")
        netx.write_input(layers.create_group("0"), spec)
        for number, fragment in enumerate(fragments):
            netx.write_layer(layers.create_group(str(number + 1)), fragment)
    return netx.load(path)


def test_fragments_follow_each_other(tmp_path: Path) -> None:
    inner = residual()
    before = single((2, 3, 4), ir.Conv(np.eye(2, dtype=int).reshape(2, 2, 1, 1), 1.58), ir.Relay(), bits=8, gain=1)
    loaded = sequential(tmp_path / "a.net", inner.input, [before, before, inner])
    assert [b.name for b in loaded.blocks] == ["only", "only-2", "stem", "average", "joined", "head"]
    assert loaded.blocks[4].branches[1].source == 1
    x = np.random.default_rng(1).integers(0, 200, (5, 2, 2, 3, 4))
    expected = reference.run(inner, reference.run(before, reference.run(before, x).output).output)
    for mine, other in zip(reference.run(loaded, x).blocks[2:], expected.blocks, strict=True):
        assert all(np.array_equal(mine[name], other[name]) for name in other)


def test_several_branches_from_the_input_make_a_join(tmp_path: Path) -> None:
    branches = (ir.Branch(ir.Dense([[1, 1]], 1), [7]), ir.Branch(ir.Dense([[3, -2]], 3), [5], 1))
    fragment = ir.Network(ir.InputSpec((2,)), (ir.Block("both", branches, QLIF, [0]),), "fragment")
    loaded = sequential(tmp_path / "a.net", fragment.input, [fragment])
    assert fields_equal(loaded.blocks, fragment.blocks)
    with h5py.File(tmp_path / "a.net") as file:
        assert file["layer/1/type"][0] == b"join"
        assert file["layer/1/branch/1/source"][()] == -1


def test_a_group_holds_its_layers(tmp_path: Path) -> None:
    loaded = sequential(tmp_path / "a.net", residual().input, [residual()])
    assert fields_equal(loaded.blocks, residual().blocks)
    with h5py.File(tmp_path / "a.net") as file:
        assert file["layer/1/type"][0] == b"group"
        # The conv is the group's third layer: the input lies three layers back.
        assert file["layer/1/layer/2/branch/1/source"][()] == -3


def test_flatten_stands_between_image_and_dense(tmp_path: Path) -> None:
    dense = single((4,), ir.Dense([[1, -1, 1, 1]], 1))
    with h5py.File(tmp_path / "a.net", "w") as file:
        netx.write_input(file.create_group("layer/0"), ir.InputSpec((2, 2, 1)))
        netx.write_flatten(file.create_group("layer/1"), (4,))
        netx.write_layer(file.create_group("layer/2"), dense)
    assert netx.load(tmp_path / "a.net").input.shape == (2, 2, 1)


def test_fields_have_the_names_and_shapes_of_lava_dl(tmp_path: Path) -> None:
    netx.save(single((1, 4, 7), ir.Conv(np.ones((2, 1, 2, 3)), 1, (1, 2), (2, 0))), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net") as file:
        layer = file["layer/1"]
        assert layer["type"].dtype == "S10"
        assert layer["type"].shape == (1,)
        assert layer["shape"][()].tolist() == [2, 7, 3]
        assert [int(layer[k][()]) for k in ("inChannels", "outChannels", "groups")] == [1, 2, 1]
        assert [layer[k][()].tolist() for k in ("kernelSize", "stride", "padding", "dilation")] == [
            [2, 3],
            [1, 2],
            [2, 0],
            [1, 1],
        ]
        assert layer["neuron/type"][()] == b"QLIF"
        assert layer["neuron/vDecay"][()] == 2048
