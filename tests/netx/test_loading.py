from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import ir, netx
from tests.netx.samples import QLIF, residual, single

Change = Callable[[h5py.File], None]


def changed(path: Path, change: Change) -> Path:
    """Write the sample network, then change the file as someone else might."""
    netx.save(residual(), path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def put(name: str, value: object) -> Change:
    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        if value is not None:
            file[name] = value

    return change


def both(*changes: Change) -> Change:
    def change(file: h5py.File) -> None:
        for one in changes:
            one(file)

    return change


def attribute(name: str, value: object) -> Change:
    return lambda file: file.attrs.__setitem__(name, value)


def declare(name: str, shape: tuple[int, ...], **options: object) -> Change:
    """Declare a dataset that holds no data."""

    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, shape, "i1", **options)

    return change


def external_data(file: h5py.File) -> None:
    del file["layer/1/gain"]
    file.create_dataset("layer/1/gain", (2,), "i2", external=[("/etc/hostname", 0, 4)])


def virtual_data(file: h5py.File) -> None:
    del file["layer/1/gain"]
    layout = h5py.VirtualLayout((2,), "i2")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "gain", (2,))
    file.create_virtual_dataset("layer/1/gain", layout)


def endless_groups(file: h5py.File) -> None:
    for name in ("type", "layer"):
        file["layer/1"].pop(name, None)
    file["layer/1/type"] = np.array([b"group"], "S10")
    file["layer/1/layer/0"] = file["layer/1"]


CHANGES: dict[str, Change] = {
    "a.net: layer/1: gain: found nothing, expected a dataset": put("layer/1/gain", None),
    "a.net: layer/1: shape: found nothing": put("layer/1/shape", None),
    "a.net: layer/1: shape: found type |S5, expected numbers": put("layer/1/shape", np.bytes_("three")),
    "a.net: layer/1: shape: found (2, -3, 4), expected axes >= 1": put("layer/1/shape", [2, -3, 4]),
    "a.net: layer/1: shape: found (1000000, 1000000, 1), expected": put("layer/1/shape", [10**6, 10**6, 1]),
    "a.net: layer/1: shape: found fractions": put("layer/1/shape", [2.5, 3, 4]),
    "a.net: layer/1: shape: found NaN or infinity": put("layer/1/shape", [np.nan, 3, 4]),
    "a.net: layer/1: shape: found (2, 3, 5), expected (2, 3, 4), which": put("layer/1/shape", [2, 3, 5]),
    "a.net: layer/1: weight: found shape (1000000, 1000000), expected at most": declare(
        "layer/1/weight", (10**6, 10**6), chunks=(1, 10**6)
    ),
    "a.net: layer/1: weight: found an empty dataspace": put("layer/1/weight", h5py.Empty("i1")),
    "a.net: layer/1: weight: found shape (2, 2, 3), expected shape (2, n, n, n)": declare("layer/1/weight", (2, 2, 3)),
    "a.net: layer/1: weight: found 100000000 values in 0 stored bytes": declare(
        "layer/1/weight", (2, 2, 5000, 5000), chunks=(1, 1, 500, 500)
    ),
    "a.net: layer/1: conv: weight: found values in -1..2, expected -1..1 at 1.58 bits": put(
        "layer/1/weight", np.array([-1, 1, 2] * 12, "i1").reshape(2, 2, 3, 3)
    ),
    "a.net: layer/1: conv: weight bits: found 1.5": put("layer/1/weightBits", 1.5),
    "a.net: layer/1: conv: weight bits: found 40": put("layer/1/weightBits", 40),
    "a.net: layer/1: gain: found shape (3,), expected shape (2,)": put("layer/1/gain", [1, 2, 3]),
    "a.net: layer/1: branch: gain: found values in 1..99999": put("layer/1/gain", [1, 99999]),
    "a.net: layer/1: gain: found type object": put("layer/1/gain", np.array("x", dtype=h5py.string_dtype())),
    "a.net: layer/1: shift: found 32, expected 0..31": put("layer/1/shift", 32),
    "a.net: layer/1: inChannels: found (7,), expected (2,)": put("layer/1/inChannels", 7),
    "a.net: layer/1: stride: found [-1, 1], expected whole numbers >= 0": put("layer/1/stride", [-1, 1]),
    "a.net: layer/1: padding: found": put("layer/1/padding", [2**40, 0]),
    "a.net: layer/1: conv: padding: found (1000000, 1000000), which adds 8000028000000 values": both(
        put("layer/1/padding", [10**6, 10**6]), put("layer/1/stride", [10**6, 10**6])
    ),
    "a.net: layer/2: pool: padding: found (10000000, 0)": put("layer/2/padding", [10**7, 0]),
    "a.net: layer/1: kernelSize: found shape (3,)": put("layer/1/kernelSize", [3, 3, 3]),
    "a.net: layer/1: type: found unknown type 'warp'": both(
        put("layer/1/type", b"warp"), *(put(f"layer/1/{name}", None) for name in ("gain", "shift", "biasMembrane"))
    ),
    "a.net: layer/1: type: found unknown synapse 'warp'": put("layer/1/type", b"warp"),
    "a.net: layer/1: type: found type int64, expected a short string": put("layer/1/type", 5),
    "a.net: layer/1: type: found type |S300, expected a short string": put("layer/1/type", np.bytes_("x" * 300)),
    "a.net: layer/1: type: found 1000000 bytes of text": put("layer/1/type", "x" * 10**6),
    "a.net: layer/1/neuron: type: found unknown neuron 'IZHIKEVICH'": put("layer/1/neuron/type", b"IZHIKEVICH"),
    "a.net: layer/1/neuron: qlif: decay: found 5000": put("layer/1/neuron/vDecay", 5000),
    "a.net: layer/1/neuron: vTh: found nothing": put("layer/1/neuron/vTh", None),
    "a.net: layer/1/neuron: qlif: reset: found odd": put("layer/1/neuron/reset", b"odd"),
    "a.net: layer/3/neuron/membrane: qMin: found nothing": put("layer/3/neuron/membrane/qMin", None),
    "a.net: layer/3/neuron: membrane: found no group": put("layer/3/neuron/membrane", 3),
    "a.net: layer/1: neuron: found no group": put("layer/1/neuron", 3),
    "a.net: layer/3/branch: found 0 members": both(
        put("layer/3/branch", None), lambda file: file.create_group("layer/3/branch")
    ),
    "a.net: layer/3/branch/1: source: found -9, expected -4..-1": put("layer/3/branch/1/source", -9),
    "a.net: layer/3: output: found 'nonsense'": put("layer/3/branch/0/output", b"nonsense"),
    "a.net: layer/3/branch: 1: found nothing, expected a group": put("layer/3/branch/1", None),
    "a.net: layer: 2: found nothing, expected a group": lambda f: f.move("layer/2", "layer/two"),
    "a.net: layer: found nothing": put("layer", None),
    "a.net: layer/0: inputBits: found 17, expected 1..16": put("layer/0/inputBits", 17),
    "a.net: layer/2: type: found 'input', expected it only as the first": put("layer/2/type", b"input"),
    "a.net: layer/1: fracBits: found 23": put("layer/1/fracBits", 23),
    "a.net: layer/1: biasMembrane: found shape (1,)": put("layer/1/biasMembrane", [1]),
    "a.net: layer/1: gain: found a link elsewhere": put("layer/1/gain", h5py.SoftLink("/layer/2/gain")),
    "a.net: layer: 1: found a link elsewhere": put("layer/1", h5py.ExternalLink("/tmp/other.net", "/layer/1")),
    "a.net: layer/1: gain: found data in another file": external_data,
    "a.net: layer/1: gain: found a virtual dataset": virtual_data,
    "type: found more nested groups, expected at most 8": endless_groups,
    "a.net: attribute 'format_version': found 3, written by lava_spquant": attribute("format_version", 3),
    r"a.net: attribute 'name': found '\x1b[2Jok', expected printable text": attribute("name", np.bytes_("\x1b[2Jok")),
    r"a.net: attribute 'writer': found 'a\nb', expected printable text": attribute("writer", np.bytes_("a\nb")),
    "a.net: attribute 'format_version': found None": lambda f: f.attrs.__delitem__("format_version"),
    "a.net: attribute 'profile': found 'other'": attribute("profile", np.bytes_("other")),
    "a.net: attribute 'profile': found another type": attribute("profile", [1.0, 2.0]),
    "a.net: attribute 'metadata': found Expecting": attribute("metadata", np.bytes_("{")),
    "a.net: attribute 'metadata': found other values": attribute("metadata", np.bytes_(json.dumps({"a": 1}))),
    "a.net: block 'stem', branch 0: largest gain * acc": both(
        put("layer/0/inputBits", 16), put("layer/1/gain", [2**15 - 1, 1])
    ),
}


@pytest.mark.parametrize("message", CHANGES)
def test_bad_files_are_refused_by_name(message: str, tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match=re.escape(message)):
        netx.load(changed(tmp_path / "a.net", CHANGES[message]))


def test_channels_that_no_data_stands_behind_are_counted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.net", "w") as file:
        file["layer/0/type"] = np.array([b"input"])
        file["layer/0/shape"] = [2**28]
        for name, value in (("type", b"CUBA"), ("iDecay", 4096), ("vDecay", 0), ("vThMant", 1)):
            file[f"layer/0/neuron/{name}"] = value
    with pytest.raises(netx.NetXError, match=r"layer/0: shape: found \(268435456,\), expected at most 67108864 more"):
        netx.load(tmp_path / "a.net")


def test_a_newer_format_says_what_to_do(tmp_path: Path) -> None:
    path = changed(tmp_path / "a.net", attribute("format_version", 3))
    for read in (netx.load, netx.info):
        with pytest.raises(netx.NetXError, match="expected at most 2: this release .* older than the file; update"):
            read(path)


@pytest.mark.parametrize("read", [netx.load, netx.info])
def test_what_is_no_hdf5_file_is_refused(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    with pytest.raises(netx.NetXError, match=r"a.net: found no file"):
        read(path)
    with pytest.raises(netx.NetXError, match="found no file"):
        read(tmp_path)
    for content in (b"", b"not HDF5", bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(netx.NetXError, match=r"a.net: found damaged data .*expected an HDF5 file"):
            read(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    netx.save(residual(), tmp_path / "a.net")
    content = (tmp_path / "a.net").read_bytes()
    for size in range(0, len(content), 499):
        (tmp_path / "a.net").write_bytes(content[:size])
        with pytest.raises(netx.NetXError, match=r"a\.net"):
            netx.load(tmp_path / "a.net")


def test_an_empty_file_has_no_layers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.net", "w"):
        pass
    with pytest.raises(netx.NetXError, match=r"a.net: layer: found nothing, expected a group"):
        netx.load(tmp_path / "a.net")


def test_an_input_alone_is_no_network(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.net", "w") as file:
        netx.write_input(file.create_group("layer/0"), ir.InputSpec((3,)))
    with pytest.raises(netx.NetXError, match=r"a.net: layer: found no neurons"):
        netx.load(tmp_path / "a.net")


def test_arguments_must_agree_with_the_file(tmp_path: Path) -> None:
    netx.save(residual(), tmp_path / "a.net")
    assert netx.load(tmp_path / "a.net", input_shape=(2, 3, 4), input_bits=8).input == residual().input
    with pytest.raises(netx.NetXError, match="expected 4, the argument input_bits"):
        netx.load(tmp_path / "a.net", input_bits=4)
    with pytest.raises(netx.NetXError, match=r"expected \(2, 4, 3\), the argument input_shape"):
        netx.load(tmp_path / "a.net", input_shape=(2, 4, 3))


def test_a_flatten_layer_stands_before_dense_only(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.net", "w") as file:
        netx.write_input(file.create_group("layer/0"), ir.InputSpec((2, 2, 2)))
        netx.write_flatten(file.create_group("layer/1"), (8,))
        netx.write_layer(file.create_group("layer/2"), single((8,), ir.Identity(), QLIF))
    with pytest.raises(netx.NetXError, match="layer/2: type: found 'identity' behind a flatten layer"):
        netx.load(tmp_path / "a.net")


@pytest.mark.parametrize(("name", "expected"), [("a.net", "a"), ("a\x1b[2J.net", "network")])
def test_a_network_without_a_name_has_that_of_the_file(name: str, expected: str, tmp_path: Path) -> None:
    path = changed(tmp_path / name, lambda file: file.attrs.__delitem__("name"))
    assert netx.info(path).name == netx.load(path).name == expected
    netx.save(netx.load(path), path)


def test_what_a_file_says_about_itself_can_be_shown(tmp_path: Path) -> None:
    for name in ("name", "writer"):
        path = changed(tmp_path / "a.net", attribute(name, np.bytes_(b"a\x1b[2J")))
        with pytest.raises(
            netx.NetXError, match=rf"^a.net: attribute '{name}': found 'a\\x1b\[2J', expected printable"
        ):
            netx.info(path)


def test_names_of_layers_without_one_tell_type_and_number(tmp_path: Path) -> None:
    def unnamed(file: h5py.File) -> None:
        for number in range(1, 5):
            del file[f"layer/{number}"].attrs["name"]

    network = netx.load(changed(tmp_path / "a.net", unnamed))
    assert [block.name for block in network.blocks] == ["conv-1", "pool-2", "join-3", "dense-4"]
