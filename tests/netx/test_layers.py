"""Names of blocks: stored ones where they can be shown and saved, and others made of type and number."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import netx
from lava_spquant.netx.limits import TEXT_MAX
from tests.netx.samples import fields_equal, residual, stock


def named(path: Path, *names: object, make=residual) -> Path:
    """Write a sample whose layers 1, 2, ... have these names; None stands for none."""
    netx.save(make(), path)
    with h5py.File(path, "r+") as file:
        for number, name in enumerate(names, start=1):
            attributes = file[f"layer/{number}"].attrs
            del attributes["name"]
            if name is not None:
                attributes["name"] = np.bytes_(name.encode()) if isinstance(name, str) else name
    return path


def loaded_names(path: Path) -> list[str]:
    """Return the names of the blocks, after a check that the network can be saved again."""
    network = netx.load(path)
    netx.save(network, path)
    assert fields_equal(netx.load(path), network)
    return [block.name for block in network.blocks]


@pytest.mark.parametrize("name", ["\x1b[2J\u2026ok", "a\nb", "\u202egnp.exe", "", 7, None])
@pytest.mark.parametrize(("make", "expected"), [(residual, ["conv-1", "average"]), (stock, ["conv-1", "second"])])
def test_a_name_that_cannot_be_shown_is_left_to_the_type(name, make, expected, tmp_path: Path) -> None:
    assert loaded_names(named(tmp_path / "a.net", name, make=make))[:2] == expected


def test_names_that_are_taken_get_their_number(tmp_path: Path) -> None:
    names = loaded_names(named(tmp_path / "a.net", "one", "one", "\x00", "one"))
    assert names == ["one", "one-2", "join-3", "one-4"]


def test_a_number_that_is_taken_too_is_counted_on(tmp_path: Path) -> None:
    names = loaded_names(named(tmp_path / "a.net", "one-4", "one-4-3", "one", "one"))
    assert names == ["one-4", "one-4-3", "one", "one-4-4"]


def test_numbered_names_are_no_longer_than_a_file_holds(tmp_path: Path) -> None:
    long = "\u00fc" * (TEXT_MAX // 2)
    names = loaded_names(named(tmp_path / "a.net", long, long, long))
    assert names[:3] == [long, long[:-1] + "-2", long[:-1] + "-3"]
