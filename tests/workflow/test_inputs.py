from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant.workflow import read_input
from tests.workflow.tiny import SHAPE, STEPS, tiny_network


def save(path: Path, array: np.ndarray) -> Path:  # type: ignore[type-arg]
    np.save(path, array)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_whole_numbers_of_any_type_are_read(tmp_path: Path, dtype: type) -> None:
    x = np.random.default_rng(0).integers(0, 256, (STEPS, 2, *SHAPE))
    found = read_input(save(tmp_path / "x.npy", x.astype(dtype)), tiny_network())
    assert found.dtype == np.int32
    assert np.array_equal(found, x)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((STEPS, 2, 1, 3, 4)), r"input: shape: found \(3, 2, 1, 3, 4\), expected \(T, N, 1, 4, 3\)"),
        (np.full((STEPS, 2, *SHAPE), 0.5), "input: values: found dtype float64, expected whole numbers"),
        (np.full((STEPS, 2, *SHAPE), np.nan), "values: found NaN, expected whole numbers"),
        (np.full((STEPS, 2, *SHAPE), 256), r"input: values: found 256..256, expected 0..255"),
        (np.zeros((0, 2, *SHAPE), int), "input: shape: found"),
        (np.array(["a"]), "input: shape: found"),
    ],
)
def test_other_inputs_are_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message) as error:
        read_input(save(tmp_path / "x.npy", array), tiny_network())
    assert str(error.value).startswith("x.npy: ")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    network = tiny_network()
    with pytest.raises(ValueError, match="found no file"):
        read_input(tmp_path / "none.npy", network)
    text = tmp_path / "text.npy"
    text.write_text("not an array")
    with pytest.raises(ValueError, match=r"text\.npy: found .*, expected a \.npy file"):
        read_input(text, network)
    np.savez(tmp_path / "many.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match="found an archive"):
        read_input(tmp_path / "many.npz", network)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"objects\.npy: found .*, expected a \.npy file of whole numbers"):
        read_input(path, tiny_network())


def test_a_header_that_claims_too_much_takes_no_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npy", np.zeros((STEPS, 2, *SHAPE), np.int32))
    whole = path.read_bytes()
    claims = whole.replace(b"(3, 2, 1, 4, 3)", b"(10000000000,) ")
    assert claims != whole
    path.write_bytes(claims)
    with pytest.raises(ValueError, match=r"x\.npy: found .*, expected a \.npy file"):
        read_input(path, tiny_network())
