from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DATA_ENV, DataError, FrameConfig
from lava_spquant.data.frames import frames_of
from lava_spquant.data.recorded import RECORDINGS, SPLIT_SEED, Recordings, recorded
from tests.data.aedat4_files import write_aedat4

needs_tonic = pytest.mark.skipif(importlib.util.find_spec("tonic") is None, reason="tonic is not installed")

needs_aedat = pytest.mark.skipif(importlib.util.find_spec("aedat") is None, reason="aedat is not installed")

EVENTS = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
FRAMES = FrameConfig(steps=3, bits=4)


def recording(seed: int, sensor: tuple[int, int], last: int) -> np.ndarray:
    """Return 40 events in order of time."""
    rng = np.random.default_rng(seed)
    events = np.zeros(40, EVENTS)
    events["y"], events["x"] = (rng.integers(0, side, 40) for side in sensor)
    events["t"], events["p"] = np.sort(rng.integers(0, last, 40)), rng.integers(0, 2, 40)
    return events


def write_bin(path: Path, events: np.ndarray) -> None:
    """Write events as N-MNIST has them: five bytes each, 23 bits of time, an overflow marked by y = 240."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for x, y, t, p in events.tolist():
        rows.append([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255])
    path.write_bytes(np.array(rows, np.uint8).tobytes())


def write_n_mnist(folder: Path, samples: tuple[int, int] = (6, 4)) -> dict[str, list[np.ndarray]]:
    """Write digits 0 and 7 alternately; return the recordings in the order of their files."""
    written: dict[str, list[tuple[str, np.ndarray]]] = {"Train": [], "Test": []}
    for part, count in zip(written, samples, strict=True):
        for k in range(count):
            name, events = f"{7 * (k % 2)}/{k:05d}.bin", recording(k, (34, 34), 300_000)
            write_bin(folder / "NMNIST" / part / name, events)
            written[part].append((name, events))
    return {part: [events for _, events in sorted(found, key=lambda pair: pair[0])] for part, found in written.items()}


@pytest.fixture
def n_mnist() -> Recordings:
    return replace(RECORDINGS["n-mnist"], samples=(6, 4))


@needs_tonic
def test_n_mnist(tmp_path: Path, n_mnist: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write_n_mnist(tmp_path)
    found = recorded(n_mnist, tmp_path, FRAMES)
    assert (found.name, found.shape, found.steps, found.bits, found.num_classes) == ("n-mnist", (2, 34, 34), 3, 4, 10)
    for split, part in ((found.train, "Train"), (found.test, "Test")):
        expected = np.stack([frames_of(events, (34, 34), FRAMES) for events in written[part]])
        labels = [0] * (len(split) // 2) + [7] * (len(split) // 2)
        order = np.random.default_rng(SPLIT_SEED).permutation(len(split))
        np.testing.assert_array_equal(split.frames(), expected[order])
        assert split.labels.tolist() == [labels[k] for k in order]
        assert split.source == str(tmp_path / "NMNIST")
    # Again from the cache, found through the environment.
    monkeypatch.setattr("lava_spquant.data.recorded.frames_of", None)
    monkeypatch.setenv(DATA_ENV, str(tmp_path))
    for path in (None, tmp_path / "NMNIST"):
        again = recorded(n_mnist, path, FRAMES)
        np.testing.assert_array_equal(again.train.packed, found.train.packed)


@needs_tonic
def test_other_files_are_decoded_anew(tmp_path: Path, n_mnist: Recordings) -> None:
    write_n_mnist(tmp_path)
    before = recorded(n_mnist, tmp_path, FRAMES)
    write_bin(tmp_path / "NMNIST" / "Train" / "0" / "00000.bin", recording(99, (34, 34), 300_000)[:-1])
    after = recorded(n_mnist, tmp_path, FRAMES)
    differ = (before.train.packed != after.train.packed).any(axis=1)
    assert differ.sum() == 1
    assert np.random.default_rng(SPLIT_SEED).permutation(6)[differ.argmax()] == 0


@needs_tonic
def test_n_caltech101_is_parted_in_ten(tmp_path: Path) -> None:
    for name in ("accordion", "zebra"):
        for k in range(20):
            events = recording(k, (180, 240), 300_000)
            events["x"][0] = events["y"][0] = 0  # tonic moves a recording to the corner
            write_bin(tmp_path / "NCALTECH101" / "Caltech101" / name / f"image_{k:04d}.bin", events)
    found = recorded(replace(RECORDINGS["n-caltech101"], samples=(40,)), tmp_path, FrameConfig(2, 1))
    assert (found.shape, found.num_classes) == ((2, 48, 48), 101)
    assert np.bincount(found.test.labels).tolist() == [2, 2]
    assert np.bincount(found.train.labels).tolist() == [18, 18]
    again = recorded(replace(RECORDINGS["n-caltech101"], samples=(40,)), tmp_path, FrameConfig(2, 1))
    np.testing.assert_array_equal(found.test.packed, again.test.packed)
    # Frames of equally many events: of 40 in two frames, few share a pixel.
    assert (found.test.frames().sum(axis=(2, 3, 4)) > 15).all()


@needs_tonic
def test_dvs_gesture(tmp_path: Path) -> None:
    written = {}
    for part in ("Train", "Test"):
        for label in (3, 10):
            events = recording(label, (128, 128), 6000)  # milliseconds
            path = tmp_path / "DVSGesture" / f"ibmGesture{part}" / "user01_lab" / f"{label}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.column_stack([events[name] for name in ("x", "y", "p", "t")]))
            written[part, label] = events
    known = replace(RECORDINGS["dvs-gesture"], samples=(2, 2))
    found = recorded(known, tmp_path, replace(FRAMES, size=32))
    assert (found.shape, found.num_classes) == ((2, 32, 32), 11)
    assert sorted(found.test.labels) == [3, 10]
    for label, frames in zip(found.test.labels.tolist(), found.test.frames(), strict=True):
        expected = frames_of(written["Test", label], (128, 128), replace(FRAMES, size=32), "count")
        np.testing.assert_array_equal(frames, expected)


@needs_tonic
@needs_aedat
def test_dvs_cifar10(tmp_path: Path) -> None:
    known, written = replace(RECORDINGS["dvs-cifar10"], samples=(20,)), {}
    for k in range(20):
        path = tmp_path / "CIFAR10DVS" / ("cat" if k % 2 else "truck") / f"cifar10_{k:02d}.aedat4"
        written[path.name] = recording(k, (128, 128), 10**6)
        write_aedat4(path, written[path.name], (128, 128))
    found = recorded(known, tmp_path, replace(FRAMES, bits=8))
    assert found.shape == (2, 48, 48)
    for split, count in ((found.train, 9), (found.test, 1)):
        assert np.bincount(split.labels).tolist() == [0, 0, 0, count, 0, 0, 0, 0, 0, count]
    frames = [
        frames_of(written[name], (128, 128), FrameConfig(3, 8, 48), "count").tobytes() for name in sorted(written)
    ]
    at = [frames.index(frame.tobytes()) for split in (found.train, found.test) for frame in split.frames()]
    assert sorted(at) == list(range(20))
    labels = [*found.train.labels, *found.test.labels]
    assert [label == 3 for label in labels] == [k % 2 == 1 for k in at]  # cats have odd numbers
    # The first half is no single class, as in the order of names it would be.
    assert 2 < np.count_nonzero(found.train.labels[:9] == 3) < 7
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"cifar10_19\.aedat4: found damaged"):
        recorded(known, tmp_path, FRAMES)


@needs_tonic
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), r"NMNIST: recordings: found 5, expected 6; unpack the whole archive"),
        (lambda path: path.write_bytes(path.read_bytes()[:-2]), r"00000\.bin: found damaged"),
        (lambda path: path.write_bytes(bytes([200, 3, 0, 0, 1])), r"00000\.bin: events: places: found x 200\.\.200"),
    ],
)
def test_damaged_recordings(tmp_path: Path, n_mnist: Recordings, damage: Callable[[Path], None], message: str) -> None:
    write_n_mnist(tmp_path)
    damage(tmp_path / "NMNIST" / "Train" / "0" / "00000.bin")
    with pytest.raises(DataError, match=message):
        recorded(n_mnist, tmp_path, FRAMES)


def test_nothing_is_downloaded(tmp_path: Path, n_mnist: Recordings) -> None:
    with pytest.raises(DataError, match=r"n-mnist: found none of .*NMNIST; unpack it there as tonic\.datasets\.NMNIST"):
        recorded(n_mnist, tmp_path, FRAMES)
    (tmp_path / "NMNIST").mkdir()
    if importlib.util.find_spec("tonic") is not None:
        with pytest.raises(DataError, match="recordings: found 0, expected 6"):
            recorded(n_mnist, tmp_path, FRAMES)


def test_without_tonic(tmp_path: Path, n_mnist: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "NMNIST").mkdir()
    monkeypatch.setitem(sys.modules, "tonic", None)
    with pytest.raises(DataError, match=r"n-mnist: needs tonic, .*pip install 'lava_spquant\[events\]'"):
        recorded(n_mnist, tmp_path, FRAMES)
