from __future__ import annotations

import re
from pathlib import Path

import h5py
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir.limits import PADDING_MAX
from tests.netx.samples import QLIF, fields_equal, single

STRIDE = 10**6

SYNAPSES = {
    "conv": lambda padding: ir.Conv([[[[1]]]], 1, stride=STRIDE, padding=(0, padding)),
    "pool": lambda padding: ir.SumPool(1, STRIDE, (0, padding)),
}


@pytest.mark.parametrize("kind", SYNAPSES)
def test_the_padding_of_all_layers_counts(kind: str, tmp_path: Path) -> None:
    """Padding the width of (1, 2, 1) by p adds 4 * p values. Each layer alone may, both together may not."""
    path, padded = tmp_path / "a.net", SYNAPSES[kind](PADDING_MAX // 8)
    blocks = [ir.Block(name, (ir.Branch(padded, [64]),), QLIF, [0]) for name in ("first", "second")]
    for block in blocks:
        netx.save(ir.Network(ir.InputSpec((1, 2, 1)), (block,)), path)
        assert netx.load(path).shapes == ((1, 1, 17),)
    netx.save(ir.Network(ir.InputSpec((1, 2, 1)), tuple(blocks)), path)
    message = f"a.net: layer/2: padding: found {PADDING_MAX // 2} values of padding, expected at most 335543"
    with pytest.raises(netx.NetXError, match=re.escape(message)):
        netx.load(path)


def test_the_padding_of_layers_as_lava_dl_writes_them_counts_too(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    netx.save(single((1, 2, 1), ir.Conv([[[[1]]]], 1), ir.Cuba(0, 0, 64)), path)
    assert netx.info(path).profile == "stock"
    with h5py.File(path, "r+") as file:
        for name, value in (("shape", [1, 1, 34]), ("stride", [STRIDE] * 2), ("padding", [0, PADDING_MAX // 4])):
            file[f"layer/1/{name}"][...] = value
    message = f"a.net: layer/1: padding: found {PADDING_MAX} values of padding, expected at most 671088"
    with pytest.raises(netx.NetXError, match=re.escape(message)):
        netx.load(path)


def test_padding_wider_than_the_kernel_comes_back(tmp_path: Path) -> None:
    network = single((1, 2, 2), ir.Conv([[[[1]]]], 1, stride=2, padding=(3, 5)), ir.Cuba(0, 0, 64))
    netx.save(network, tmp_path / "a.net", profile="stock")
    assert fields_equal(netx.load(tmp_path / "a.net"), network)
