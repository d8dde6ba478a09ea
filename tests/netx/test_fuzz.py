"""Whatever happens to a file, loading it gives a network or a `NetXError`, soon and in little memory."""

from __future__ import annotations

import resource
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from tests.netx.samples import gated, image_as_bias, residual, stock

SECONDS = 3.0
MEGABYTES = 400


def as_lava_dl_writes(path: Path) -> None:
    """Rewrite a file in HDF5's oldest format, without checksums, with types as variable-length text."""
    content = path.read_bytes()
    with h5py.File.in_memory(content) as old, h5py.File(path, "w", libver="earliest") as new:
        for name in old:
            old.copy(name, new)
        for name, value in old.attrs.items():
            new.attrs[name] = value
        for layer in new["layer"].values():
            if "neuron" in layer:
                kind = layer["neuron/type"][()].decode()
                del layer["neuron/type"]
                layer["neuron/type"] = kind


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("fuzz") / "a.net"
    contents = []
    for make in (residual, stock, image_as_bias, gated):
        netx.save(make(), path)
        contents.append(path.read_bytes())
        as_lava_dl_writes(path)
        netx.load(path)
        contents.append(path.read_bytes())
    return contents


def outcome(path: Path) -> str:
    start = time.perf_counter()
    try:
        network = netx.load(path)
    except netx.NetXError as error:
        result = "refused" if path.name in str(error) else str(error)
    else:
        assert isinstance(network, ir.Network)
        x = np.zeros((1, 1, *network.input.shape), dtype=int)
        if network.num_neurons < 10_000:
            reference.run(network, x)
        result = "loaded"
    assert time.perf_counter() - start < SECONDS
    assert result in ("refused", "loaded")
    return result


def test_random_bytes_are_survived(originals: list[bytes], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: Counter[str] = Counter()
    for _ in range(500):
        content = bytearray(originals[rng.integers(len(originals))])
        if rng.random() < 0.2:
            content = content[: rng.integers(len(content))]
        for _ in range(rng.integers(1, 10) if content else 0):
            content[rng.integers(len(content))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
        (tmp_path / "a.net").write_bytes(content)
        seen[outcome(tmp_path / "a.net")] += 1
    assert seen["refused"] > 100
    assert seen["loaded"] > 10
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES


VALUES = (
    None,
    -1,
    0,
    3,
    2**40,
    -(2**63),
    2**64 - 1,
    0.5,
    float("nan"),
    float("inf"),
    True,
    1j,
    b"dense",
    "text",
    [1, 2],
    [[-5]],
    np.zeros((0,)),
    np.zeros((2, 0, 3)),
    np.zeros((2, 2, 3, 3), np.int8),
    np.full((2, 2, 3, 3), 1e300),
    np.zeros(2, dtype=[("a", "i4")]),
    h5py.Empty("f4"),
    h5py.SoftLink("/layer"),
    h5py.SoftLink("nowhere"),
    h5py.ExternalLink("nowhere.h5", "/"),
)


@pytest.mark.parametrize("make", [residual, stock, image_as_bias, gated])
def test_every_field_may_hold_anything(make, tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    netx.save(make(), path)
    content = path.read_bytes()
    names: list[str] = []
    with h5py.File(path) as file:
        file["layer"].visit(lambda name: names.append(f"layer/{name}"))
    rng = np.random.default_rng(1)
    for name in names:
        for pick in rng.choice(len(VALUES), 3, replace=False):
            path.write_bytes(content)
            with h5py.File(path, "r+") as file:
                del file[name]
                if VALUES[pick] is not None:
                    file[name] = VALUES[pick]
            outcome(path)
