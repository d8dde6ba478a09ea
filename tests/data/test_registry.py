from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DATASETS, DataError, digits, load
from tests.data.mnist_files import tiny, write_idx


def test_loads_by_name(tmp_path: Path) -> None:
    write_idx(tmp_path)
    np.testing.assert_array_equal(load("mnist", tmp_path).test.images[:, 0], tiny()["test_images"])
    np.testing.assert_array_equal(load("digits").test.images, digits().test.images)


def test_every_data_set_knows_its_name(tmp_path: Path) -> None:
    write_idx(tmp_path)
    assert {load(name, tmp_path if name != "digits" else None).name for name in DATASETS} == set(DATASETS)


def test_unknown_name_and_useless_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"name: found 'cifar', expected one of \['digits', 'mnist'\]"):
        load("cifar")
    with pytest.raises(DataError, match="digits: path"):
        load("digits", tmp_path)
