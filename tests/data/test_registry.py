from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lava_spquant.data.recorded as recordings
from lava_spquant.data import DATASETS, DataError, EventData, EventLoader, FrameConfig, ImageData, digits, load
from tests.data.cifar10_files import write_binary
from tests.data.mnist_files import tiny, write_idx
from tests.data.test_recorded import needs_tonic, write_n_mnist

WRITE: dict[str, Callable[[Path], object] | None] = {
    "digits": None,
    "mnist": write_idx,
    "cifar10": write_binary,
    "emulated-digits": None,
    "emulated-mnist": write_idx,
    "emulated-cifar10": write_binary,
}
"""What writes a small copy of each data set that needs no recordings."""

RECORDED = {"n-mnist", "dvs-cifar10", "n-caltech101", "dvs-gesture"}


def test_loads_by_name(tmp_path: Path) -> None:
    write_idx(tmp_path)
    np.testing.assert_array_equal(load("mnist", tmp_path).test.inputs(1)[0, :, 0], tiny()["test_images"])
    np.testing.assert_array_equal(load("digits").test.inputs(1)[0], digits().test.images)


def test_there_are_no_others() -> None:
    assert DATASETS.keys() == WRITE.keys() | RECORDED


@pytest.mark.parametrize("name", WRITE)
def test_a_data_set_knows_its_name(tmp_path: Path, name: str) -> None:
    write = WRITE[name]
    if write is not None:
        write(tmp_path)
    found = load(name, None if write is None else tmp_path)
    assert found.name == name
    assert isinstance(found, EventData if name.startswith("emulated-") else ImageData)


@pytest.mark.parametrize("name", [name for name in WRITE if name.startswith("emulated-")])
def test_recordings_become_the_frames_asked_for(tmp_path: Path, name: str) -> None:
    write = WRITE[name]
    if write is not None:
        write(tmp_path)
    found = load(name, None if write is None else tmp_path, FrameConfig(3, 2, 12))
    assert isinstance(found, EventData)
    assert (found.steps, found.bits, found.shape) == (3, 2, (2, 12, 12))
    assert 0 < found.train.frames().max() <= 3
    loader = DATASETS[name]
    assert isinstance(loader, EventLoader)
    assert loader(None if write is None else tmp_path).steps == FrameConfig().steps


@needs_tonic
def test_recordings_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_n_mnist(tmp_path)
    known = replace(recordings.RECORDINGS["n-mnist"], samples=(6, 4))
    loader = EventLoader(lambda path, frames: recordings.recorded(known, path, frames))
    monkeypatch.setitem(DATASETS, "n-mnist", loader)
    assert load("n-mnist", tmp_path, FrameConfig(5)).train.inputs(5).shape == (5, 6, 2, 34, 34)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recordings_that_are_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: found none of "):
        load(name, tmp_path)


def test_unknown_name_and_useless_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"name: found 'cifar', expected one of \['cifar10', 'digits', 'dvs-cifar10'"):
        load("cifar")
    for name in ("digits", "emulated-digits"):
        with pytest.raises(DataError, match="digits: path"):
            load(name, tmp_path)
