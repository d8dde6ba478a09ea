from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DATA_ENV, DataError, ImageData, cifar10
from lava_spquant.data.cifar10 import CLASSES
from lava_spquant.data.cifar10_jpeg import read_jpeg
from tests.data.cifar10_files import BATCHES, jpeg, new_pickle, tiny, write_binary, write_jpeg, write_python
from tests.paths import SHARED, missing

REAL = SHARED / "data" / "cifar10_jpeg.npz"


def expect_tiny(found: ImageData) -> None:
    for split, batches in ((found.train, BATCHES[:5]), (found.test, BATCHES[5:])):
        pixels, labels = (np.concatenate(column) for column in zip(*map(tiny, batches), strict=True))
        np.testing.assert_array_equal(split.images, pixels.reshape(-1, 3, 32, 32))
        np.testing.assert_array_equal(split.labels, labels)
    assert (found.name, found.num_classes, found.bits) == ("cifar10", len(CLASSES), 8)


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"])
def test_binary_distribution(tmp_path: Path, inner: str) -> None:
    folder = write_binary(tmp_path / inner)
    found = cifar10(tmp_path)
    expect_tiny(found)
    assert found.train.source == str(folder)


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py", "CIFAR10/cifar-10-batches-py"])
def test_python_distribution(tmp_path: Path, inner: str) -> None:
    write_python(tmp_path / inner)
    expect_tiny(cifar10(tmp_path))


def test_pickles_of_today(tmp_path: Path) -> None:
    write_python(tmp_path)
    (tmp_path / "test_batch").write_bytes(new_pickle(*tiny("test_batch"), protocol=4))
    expect_tiny(cifar10(tmp_path))


def test_planes_and_rows_are_where_they_belong(tmp_path: Path) -> None:
    write_binary(tmp_path)
    pixels = np.zeros(3072, np.uint8)
    pixels[1024 + 2 * 32 + 5] = 9  # green, row 2, column 5
    (tmp_path / "test_batch.bin").write_bytes(bytes([3]) + pixels.tobytes())
    test = cifar10(tmp_path).test
    assert test.labels.tolist() == [3]
    assert np.argwhere(test.images).tolist() == [[0, 1, 2, 5]]


def test_the_binary_distribution_wins_and_the_environment_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jpeg(tmp_path / "cifar10_jpeg.npz")
    monkeypatch.setenv(DATA_ENV, str(tmp_path))
    assert len(cifar10().train) == 5
    write_python(tmp_path / "cifar-10-batches-py")
    write_binary(tmp_path / "cifar-10-batches-bin")
    assert cifar10().train.source.endswith("batches-bin")


def test_jpeg_archive_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = write_jpeg(tmp_path / "some.npz")
    for _ in range(2):
        found = cifar10(tmp_path / "some.npz")
        for split, name in ((found.train, "train"), (found.test, "test")):
            np.testing.assert_array_equal(split.images, np.stack(decoded[name]))
            np.testing.assert_array_equal(split.labels, np.arange(len(split)))
            assert "JPEG" in split.source
        monkeypatch.setattr("PIL.Image.open", None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_jpeg": np.frombuffer(jpeg(0)[:200], np.uint8)}, "offsets: found others"),
        ({"train_offsets": np.array([0, 9, 5, 6, 7, 8])}, "offsets"),
        ({"train_labels": np.arange(4, dtype=np.uint8)}, "offsets: found 6, expected 5"),
        ({"train_labels": np.arange(5.0)}, "dtype: found float64, expected integers"),
        ({"train_labels": np.arange(5, dtype=np.int64)}, "dtype: found int64, expected uint8"),
        ({"train_labels": np.full(5, 10, np.uint8)}, r"labels: found 10\.\.10, expected 0\.\.9"),
    ],
)
def test_damaged_archives(tmp_path: Path, changes: dict[str, np.ndarray], message: str) -> None:
    write_jpeg(tmp_path / "bad.npz", **changes)
    with pytest.raises(DataError, match=message):
        cifar10(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (jpeg(0, (31, 32)), r"train image 1: image: found \('RGB', 31, 32\), expected RGB, 32x32"),
        (jpeg(0, mode="L"), r"image: found \('L', 32, 32\)"),
        (jpeg(0)[:-300], "train image 1: found damaged"),
        (b"GIF89a not a JPEG", "train image 1: found damaged"),
    ],
)
def test_damaged_images(tmp_path: Path, image: bytes, message: str) -> None:
    files = [jpeg(0), image, jpeg(2)]
    offsets = np.cumsum([0, *map(len, files)])
    joined = np.frombuffer(b"".join(files), np.uint8)
    path = tmp_path / "bad.npz"
    write_jpeg(path, train_jpeg=joined, train_offsets=offsets, train_labels=np.zeros(3, np.uint8))
    with pytest.raises(DataError, match=message):
        read_jpeg(path, "train")


def test_damaged_batches(tmp_path: Path) -> None:
    write_binary(tmp_path / "b")
    (tmp_path / "b" / "data_batch_3.bin").write_bytes(b"x" * 3074)
    with pytest.raises(DataError, match=r"data_batch_3\.bin: size: found 3074 bytes, expected a multiple of 3073"):
        cifar10(tmp_path / "b")
    (tmp_path / "b" / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"found no data_batch_3\.bin, expected all six batches"):
        cifar10(tmp_path / "b")
    write_python(tmp_path / "p")
    for content, message in (
        (b"not a pickle", "test_batch: batch: found"),
        (new_pickle(tiny("test_batch")[0][:, :-1], tiny("test_batch")[1], 3), r"shape: found \(4, 3071\)"),
        (new_pickle(tiny("test_batch")[0], tiny("test_batch")[1][:3], 3), r"labels: list: found int64 \(3,\)"),
        (b"\x80\x02}.", "found 'data', expected a dictionary with 'data' and 'labels'"),
    ):
        (tmp_path / "p" / "test_batch").write_bytes(content)
        with pytest.raises(DataError, match=message):
            cifar10(tmp_path / "p")


def test_nothing_found(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"CIFAR-10: found nothing in .*; call lava_spquant\.data\.cifar10\(download"):
        cifar10(tmp_path)


def test_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fetch(url: str, folder: str, md5: str) -> None:
        calls.append(url)
        if len(calls) == 1:
            raise RuntimeError("no route")
        write_binary(Path(folder) / "cifar-10-batches-bin")

    utils = types.ModuleType("torchvision.datasets.utils")
    utils.download_and_extract_archive = fetch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision.datasets.utils", utils)
    with pytest.raises(DataError, match="failed: no route"):
        cifar10(tmp_path, download=True)
    for _ in range(2):
        expect_tiny(cifar10(tmp_path, download=True))
    assert len(calls) == 2
    assert calls[0].endswith("cifar-10-binary.tar.gz")


@pytest.mark.skipif(not REAL.is_file(), reason=missing(REAL))
def test_the_real_archive() -> None:
    pixels, labels = read_jpeg(REAL, "test")
    assert pixels.shape == (10_000, 3072)
    assert np.bincount(labels).tolist() == [1000] * 10
    # The data set's known means, 0.49, 0.48, 0.45, but for JPEG's losses.
    means = pixels.reshape(-1, 3, 1024).mean(axis=(0, 2)) / 255
    np.testing.assert_allclose(means, [0.494, 0.485, 0.450], atol=0.003)
