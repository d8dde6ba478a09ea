from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lava_spquant.data import DATA_ENV, DataError, ImageData, mnist
from tests.data.mnist_files import idx_bytes, tiny, write_idx
from tests.paths import SHARED, missing

REAL = SHARED / "data" / "mnist.npz"


def expect_tiny(data: ImageData) -> None:
    arrays = tiny()
    for name, split in (("train", data.train), ("test", data.test)):
        np.testing.assert_array_equal(split.images[:, 0], arrays[f"{name}_images"])
        np.testing.assert_array_equal(split.labels, arrays[f"{name}_labels"])
    assert (data.name, data.shape, data.num_classes, data.bits) == ("mnist", (1, 28, 28), 10, 8)


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("subfolder", ["", "mnist", "MNIST/raw"])
def test_reads_idx_files_under_all_their_names(tmp_path: Path, separator: str, packed: bool, subfolder: str) -> None:
    write_idx(tmp_path / subfolder, separator, packed)
    expect_tiny(mnist(tmp_path))


def test_reads_an_archive_by_name_and_by_folder(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "mnist.npz", **tiny())
    expect_tiny(mnist(tmp_path / "mnist.npz"))
    expect_tiny(mnist(str(tmp_path)))


def test_searches_the_environment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(tmp_path / "named")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mnist.npz").write_bytes(b"never looked at")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(DATA_ENV, str(tmp_path / "named"))
    expect_tiny(mnist())
    monkeypatch.delenv(DATA_ENV)
    with pytest.raises(DataError, match=r"data/mnist\.npz: archive"):
        mnist()


def test_says_where_it_looked_and_how_to_get_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(DATA_ENV, raising=False)
    with pytest.raises(DataError, match=r"found nothing in data, .*lava_spquant; call .*download=True"):
        mnist()


def test_refuses_half_a_data_set(tmp_path: Path) -> None:
    write_idx(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="found no t10k-labels-idx1-ubyte, expected all four"):
        mnist(tmp_path)


def test_refuses_labels_and_images_of_different_length(tmp_path: Path) -> None:
    write_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(11, np.uint8)))
    with pytest.raises(DataError, match=r"train-images: labels shape: found \(11,\), expected \(12,\)"):
        mnist(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": np.zeros((12, 28, 28), np.int16)}, "train_images: dtype: found int16, expected uint8"),
        ({"test_images": np.zeros((10, 28, 27), np.uint8)}, "test_images: shape"),
        ({"test_labels": np.full(10, 10)}, r"labels: found 10\.\.10, expected 0\.\.9"),
        ({"test_labels": np.full(10, 2**64 - 1, np.uint64)}, r"labels: found -1\.\.-1"),
        ({"test_labels": np.array([{}] * 10)}, "test_labels: dtype: found object"),
    ],
)
def test_refuses_an_archive(tmp_path: Path, changes: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "mnist.npz", **(tiny() | changes))
    with pytest.raises(DataError, match=message):
        mnist(tmp_path)


def fake_torchvision(loader: object) -> dict[str, ModuleType]:
    package, datasets = ModuleType("torchvision"), ModuleType("torchvision.datasets")
    datasets.MNIST = loader  # type: ignore[attr-defined]
    return {"torchvision": package, "torchvision.datasets": datasets}


def test_download_goes_through_torchvision_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def loader(root: str, download: bool) -> None:
        calls.append(download)
        write_idx(Path(root) / "MNIST" / "raw")

    for name, module in fake_torchvision(loader).items():
        monkeypatch.setitem(sys.modules, name, module)
    expect_tiny(mnist(tmp_path, download=True))
    expect_tiny(mnist(tmp_path, download=True))
    assert calls == [True]


def test_failed_download_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loader(root: str, download: bool) -> None:
        raise RuntimeError("no route")

    for name, module in fake_torchvision(loader).items():
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(DataError, match="failed: no route"):
        mnist(tmp_path, download=True)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(DataError, match="needs torchvision"):
        mnist(tmp_path, download=True)


@pytest.mark.skipif(not REAL.is_file(), reason=missing(REAL))
def test_reads_the_real_data_set() -> None:
    data = mnist(REAL)
    assert (len(data.train), len(data.test), data.shape) == (60_000, 10_000, (1, 28, 28))
    assert np.bincount(data.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert data.test.images.max() == 255
