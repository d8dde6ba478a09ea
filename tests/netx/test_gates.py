"""Gates in files: they come back, older releases refuse them, and every bad field is named."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from tests.netx.samples import QLIF, fields_equal, gated, residual, single
from tests.netx.test_loading import Change, attribute, both, put
from tests.netx.test_write import sequential


def relay(shape: ir.Shape) -> ir.Network:
    network = single(shape, ir.Identity(), ir.Relay(), gain=1)
    return ir.Network(network.input, (replace(network.blocks[0], bias=np.zeros(shape[0], int)),))


def changed(path: Path, *changes: Change) -> Path:
    netx.save(gated(), path)
    with h5py.File(path, "r+") as file:
        both(*changes)(file)
    return path


def test_gates_are_counted_back_from_their_layer(tmp_path: Path) -> None:
    with h5py.File(changed(tmp_path / "a.net")) as file:
        stored = {
            name: layer["gateSource"][()].tolist() for name, layer in file["layer"].items() if "gateSource" in layer
        }
    assert stored == {"4": [-3, -2, -1], "5": [-4], "6": [-4]}


def test_a_file_that_comes_back_runs_alike(tmp_path: Path) -> None:
    network = gated()
    x = np.random.default_rng(3).integers(0, 2, (6, 9, 2, 3, 4))
    wanted, found = (reference.run(n, x) for n in (network, netx.load(changed(tmp_path / "a.net"))))
    assert all(np.array_equal(a[k], b[k]) for a, b in zip(wanted.blocks, found.blocks, strict=True) for k in a)
    ungated = ir.Network(network.input, tuple(replace(block, gates=()) for block in network.blocks))
    assert not np.array_equal(reference.run(ungated, x).output, wanted.output)


@pytest.mark.parametrize(("make", "version"), [(gated, 2), (residual, 1)])
def test_only_files_with_gates_need_a_newer_release(make, version: int, tmp_path: Path) -> None:
    netx.save(make(), tmp_path / "a.net")
    assert netx.info(tmp_path / "a.net").format_version == version
    with h5py.File(tmp_path / "a.net") as file:
        assert file.attrs["format_version"] == version


def test_version_2_needs_no_gates(tmp_path: Path) -> None:
    netx.save(residual(), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        file.attrs["format_version"] = 2
    assert fields_equal(netx.load(tmp_path / "a.net"), residual())


GATE = "layer/4/gateSource"

CHANGES: dict[str, Change] = {
    "a.net: layer/4: gateSource: found gates in a file of version 1, expected format_version 2": attribute(
        "format_version", 1
    ),
    "a.net: layer/4: gateSource: found gates in a file without a version, expected": lambda f: f.attrs.clear(),
    "a.net: layer/4: gateSource: found [-6], expected numbers in -5..-1": put(GATE, [-6]),
    "a.net: layer/4: gateSource: found [-1, 0], expected numbers in -5..-1": put(GATE, [-1, 0]),
    "a.net: layer/4: gateSource: found [3], expected numbers in -5..-1": put(GATE, [3]),
    "a.net: layer/4: gateSource: found [9223372036854775807]": put(GATE, np.array([2**63 - 1])),
    "a.net: layer/4: gateSource: found 0 members, expected 1..4096": put(GATE, np.zeros(0, np.int64)),
    "a.net: layer/4: gateSource: found 5000 members, expected 1..4096": put(GATE, np.full(5000, -1)),
    "a.net: layer/4: gateSource: found shape (1, 2), expected shape (n,)": put(GATE, [[-1, -2]]),
    "a.net: layer/4: gateSource: found shape (), expected shape (n,)": put(GATE, -1),
    "a.net: layer/4: gateSource: found fractions": put(GATE, [-1.5]),
    "a.net: layer/4: gateSource: found type |S2, expected numbers": put(GATE, np.bytes_("-1")),
    "a.net: layer/4: gateSource: found no dataset": both(put(GATE, None), lambda f: f.create_group(GATE)),
    "a.net: layer/4: gateSource: found a link elsewhere": put(GATE, h5py.SoftLink("/layer/5/gateSource")),
    "a.net: layer/4: gateSource -4: found the network's input, expected a layer that spikes": put(GATE, [-1, -4]),
    "a.net: layer/4: gateSource -5: found the network's input": put(GATE, [-5]),
    "a.net: layer/6: gateSource -1: found a layer of graded values, expected a layer that spikes": put(
        "layer/6/gateSource", [-1]
    ),
    "a.net: layer/6: gateSource -2: gate shape: found (2, 3, 4), expected (2,), (2, 1, 1), or (1, h, w)": put(
        "layer/6/gateSource", [-2]
    ),
    "a.net: layer/4: block 'joined': gates: found 3, expected none for a CUBA neuron": both(
        put("layer/4/neuron", None),
        put("layer/4/neuron/type", b"CUBA"),
        *(put(f"layer/4/neuron/{name}", 64) for name in ("iDecay", "vDecay", "vTh")),
    ),
    "a.net: layer/0: gateSource: found gates of a layer of type 'input', expected a layer of one": put(
        "layer/0/gateSource", [-1]
    ),
    "a.net: layer/4: gain: found nothing": both(
        put("layer/4/type", b"conv"), put("layer/4/biasMembrane", None), put("layer/4/gain", None)
    ),
}


@pytest.mark.parametrize("message", CHANGES)
def test_bad_gates_are_refused_by_name(message: str, tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match=re.escape(message)):
        netx.load(changed(tmp_path / "a.net", CHANGES[message]))


def test_cells_of_unequal_size_are_refused(tmp_path: Path) -> None:
    gate = ir.Block("gate", (ir.Branch(ir.Identity(), [64]),), QLIF, [0])
    wide = ir.Branch(ir.Conv(np.ones((2, 1, 1, 3)), 1, padding=(0, 1)), [9, 9])
    other = ir.Block("other", (wide,), QLIF, [0, 0], gates=(ir.Gate(0),))
    netx.save(ir.Network(ir.InputSpec((1, 1, 5)), (gate, other)), tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        both(
            put("layer/1/shape", [1, 1, 4]),
            put("layer/1/type", b"conv"),
            *(put(f"layer/1/{name}", 1) for name in ("inChannels", "outChannels", "groups", "weightBits")),
            *(put(f"layer/1/{name}", value) for name, value in (("kernelSize", [1, 2]), ("stride", [1, 1]))),
            *(put(f"layer/1/{name}", value) for name, value in (("padding", [0, 0]), ("dilation", [1, 1]))),
            put("layer/1/weight", np.ones((1, 1, 1, 2), np.int8)),
            put("layer/2/source", -2),
        )(file)
    # 5 places in 4 cells: cells of 2 places would be only 3.
    with pytest.raises(netx.NetXError, match=r"layer/2: gateSource -1: gate shape: found \(1, 1, 4\), expected"):
        netx.load(tmp_path / "a.net")


def test_gates_in_a_group_are_counted_inside_it(tmp_path: Path) -> None:
    loaded = sequential(tmp_path / "a.net", gated().input, [relay((2, 3, 4)), gated(), relay((2,))])
    sources = [tuple(gate.source for gate in block.gates) for block in loaded.blocks]
    assert sources == [(), (), (), (), (1, 2, 3), (1,), (2,), ()]
    with h5py.File(tmp_path / "a.net") as file:
        assert file["layer/2/type"][0] == b"group"
        assert file["layer/2/layer/3/gateSource"][()].tolist() == [-3, -2, -1]
        assert file.attrs["format_version"] == 2
        assert netx.info(tmp_path / "a.net").profile == "spquant"
    x = np.random.default_rng(1).integers(0, 2, (5, 2, 2, 3, 4))
    expected = reference.run(gated(), x)
    for mine, other in zip(reference.run(loaded, x).blocks[1:-1], expected.blocks, strict=True):
        assert all(np.array_equal(mine[name], other[name]) for name in other)


def test_a_group_may_be_gated_by_what_precedes_it(tmp_path: Path) -> None:
    before = single((2,), ir.Identity())
    inner = ir.Network(ir.InputSpec((2,)), (*before.blocks, replace(before.blocks[0], name="b", gates=(ir.Gate(0),))))
    sequential(tmp_path / "a.net", before.input, [before, inner])
    with h5py.File(tmp_path / "a.net", "r+") as file:
        put("layer/2/layer/1/gateSource", [-1, -2])(file)
    assert [gate.source for gate in netx.load(tmp_path / "a.net").blocks[2].gates] == [1, 0]
    with h5py.File(tmp_path / "a.net", "r+") as file:
        put("layer/2/layer/1/gateSource", [-3])(file)
    with pytest.raises(netx.NetXError, match=r"layer/2/layer/1: gateSource: found \[-3\], expected numbers in -2..-1"):
        netx.load(tmp_path / "a.net")


def test_layers_without_gates_leave_the_root_alone(tmp_path: Path) -> None:
    sequential(tmp_path / "a.net", residual().input, [residual()])
    with h5py.File(tmp_path / "a.net") as file:
        assert not len(file.attrs)


def test_a_gate_does_not_read_through_a_flatten_layer(tmp_path: Path) -> None:
    spikes = single((2, 1, 1), ir.Identity())
    dense = single((2,), ir.Dense([[1, 1], [1, -1]], 1))
    with h5py.File(tmp_path / "a.net", "w") as file:
        netx.write_input(file.create_group("layer/0"), spikes.input)
        netx.write_layer(file.create_group("layer/1"), spikes)
        netx.write_flatten(file.create_group("layer/2"), (2,))
        netx.write_layer(file.create_group("layer/3"), dense)
        both(attribute("format", np.bytes_(netx.FORMAT)), attribute("profile", np.bytes_("spquant")))(file)
        both(attribute("format_version", 2), put("layer/3/gateSource", [-1]))(file)
    with pytest.raises(
        netx.NetXError, match="layer/3: gateSource -1: found a flatten layer, expected the layer in fro"
    ):
        netx.load(tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        put("layer/3/gateSource", [-2])(file)
    assert netx.load(tmp_path / "a.net").blocks[1].gates == (ir.Gate(0),)


@pytest.mark.parametrize("kind", ["flatten", "group"])
def test_layers_without_a_block_have_no_gates(kind: str, tmp_path: Path) -> None:
    fragment = single((2, 3, 4), ir.Identity())
    sequential(tmp_path / "a.net", fragment.input, [fragment, gated()])
    with h5py.File(tmp_path / "a.net", "r+") as file:
        both(put("layer/2/type", kind.encode()), put("layer/2/gateSource", [-1]))(file)
    with pytest.raises(netx.NetXError, match=f"layer/2: gateSource: found gates of a layer of type '{kind}'"):
        netx.load(tmp_path / "a.net")
