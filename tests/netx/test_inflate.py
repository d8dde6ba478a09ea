from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import ir, netx
from tests.netx.samples import single

NETWORK = single((300,), ir.Dense(np.ones((40, 300)), 2), bits=1, gain=1)


def replace_weight(path: Path, raw: bytes, chunks: tuple[int, int] = (40, 300)) -> None:
    netx.save(NETWORK, path)
    with h5py.File(path, "r+") as file:
        del file["layer/1/weight"]
        dataset = file.create_dataset("layer/1/weight", (40, 300), "i1", chunks=chunks, compression="gzip")
        dataset.id.write_direct_chunk((0, 0), raw)


def test_a_plain_chunk_is_read(tmp_path: Path) -> None:
    replace_weight(tmp_path / "a.net", zlib.compress(bytes([1]) * 12_000))
    assert netx.load(tmp_path / "a.net").blocks[0].branches[0].synapse.weight.sum() == 12_000


def test_a_chunk_that_inflates_without_end_is_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(10_000_000), 9)
    assert len(bomb) < 12_000
    replace_weight(tmp_path / "a.net", bomb)
    with pytest.raises(netx.NetXError, match=r"layer/1: weight: found a chunk that inflates without end"):
        netx.load(tmp_path / "a.net")


def test_a_chunk_that_is_stored_too_large_is_refused(tmp_path: Path) -> None:
    replace_weight(tmp_path / "a.net", zlib.compress(np.random.default_rng(0).bytes(60_000)))
    with pytest.raises(netx.NetXError, match=r"layer/1: weight: found a stored chunk of"):
        netx.load(tmp_path / "a.net")


def test_damaged_deflate_data_is_refused(tmp_path: Path) -> None:
    replace_weight(tmp_path / "a.net", b"no deflate stream")
    with pytest.raises(netx.NetXError, match=r"layer/1: weight: found damaged data"):
        netx.load(tmp_path / "a.net")


def test_other_filters_and_huge_chunks_are_refused(tmp_path: Path) -> None:
    netx.save(NETWORK, tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        del file["layer/1/weight"]
        file.create_dataset("layer/1/weight", data=np.ones((40, 300), "i1"), compression="lzf")
    with pytest.raises(netx.NetXError, match=r"layer/1: weight: found filters"):
        netx.load(tmp_path / "a.net")
    with h5py.File(tmp_path / "a.net", "r+") as file:
        del file["layer/1/weight"]
        noise = np.random.default_rng(0).integers(-1, 2, (40, 300)).astype("i1")
        file.create_dataset(
            "layer/1/weight", (40, 300), "i1", maxshape=(None, 300), chunks=(10**6, 300), compression="gzip"
        )
        file["layer/1/weight"].id.write_direct_chunk((0, 0), zlib.compress(noise.tobytes()))
    with pytest.raises(netx.NetXError, match=r"layer/1: weight: found chunks of 300000000 bytes"):
        netx.load(tmp_path / "a.net")
