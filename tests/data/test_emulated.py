from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import DataError, EmulatorConfig, FrameConfig, ImageData, ImageSplit, emulate, emulated, mnist
from lava_spquant.data.cache import RowCache
from lava_spquant.data.emulated import CAMERAS, PART, emulated_split, scaled
from lava_spquant.data.emulator import crossings
from lava_spquant.data.frames import frames_of
from tests.paths import SHARED, missing

REAL = SHARED / "data" / "mnist.npz"
CAMERA = EmulatorConfig(sensor=(10, 9), image=(8, 7))


def pictures(samples: int, side: tuple[int, int] = (8, 7), seed: int = 0) -> ImageSplit:
    images = np.random.default_rng(seed).integers(0, 256, (samples, 1, *side), dtype=np.uint8)
    return ImageSplit(images, np.arange(samples) % 2, num_classes=2, source="noise")


@pytest.mark.parametrize("bits", [1, 3])
def test_frames_hold_the_events_of_the_emulator(bits: int) -> None:
    split, frames = pictures(5), FrameConfig(4, bits)
    made = emulated_split(split, CAMERA, frames, first_index=100)
    assert made.source == "emulated from noise"
    assert (made.frame_shape, made.bits) == ((4, 2, 10, 9), bits)
    np.testing.assert_array_equal(made.labels, split.labels)
    # Bins are parts of the recording, which lasts as long for every image, whenever its events begin and end.
    ends = np.array([(0, 0, 0, 0), (0, 0, CAMERA.saccades.duration_us - 1, 0)], dtype="i2,i2,i8,?")
    for got, events in zip(made.frames(), emulate(split.images, CAMERA, first_index=100), strict=True):
        ends.dtype.names = events.dtype.names
        padded = np.concatenate([ends[:1].astype(events.dtype), events, ends[1:].astype(events.dtype)])
        expected = frames_of(padded, CAMERA.sensor, FrameConfig(4, 8)).astype(int)
        expected[0, 0, 0, 0] -= 1
        expected[-1, 0, 0, 0] -= 1
        np.testing.assert_array_equal(got, np.minimum(expected, 2**bits - 1))


def test_parts_and_threads_change_nothing() -> None:
    split = pictures(PART + 5)
    whole = emulated_split(split, CAMERA, FrameConfig(2))
    alone = emulated_split(split.take(slice(PART + 3, PART + 4)), CAMERA, FrameConfig(2), first_index=PART + 3)
    np.testing.assert_array_equal(whole.packed[PART + 3], alone.packed[0])


def test_computed_once_for_each_set_of_options(tmp_path: Path) -> None:
    cache, split = RowCache(tmp_path), pictures(3)
    options = [
        (split, CAMERA, FrameConfig(2), 0),
        (split, CAMERA, FrameConfig(3), 0),
        (split, CAMERA, FrameConfig(2, bits=2), 0),
        (split, CAMERA, FrameConfig(2), 7),
        (split, replace(CAMERA, seed=1), FrameConfig(2), 0),
        (pictures(3, seed=1), CAMERA, FrameConfig(2), 0),
    ]
    for _ in range(2):
        for images, camera, frames, first in options:
            got = emulated_split(images, camera, frames, first_index=first, cache=cache)
            np.testing.assert_array_equal(got.packed, emulated_split(images, camera, frames, first_index=first).packed)
        assert len(list(tmp_path.iterdir())) == len(options)


def test_a_data_set_says_that_it_is_emulated() -> None:
    images = ImageData("digits", pictures(4, (8, 8)), pictures(4, (8, 8)))
    made = emulated(images, FrameConfig(3))
    assert (made.name, made.shape, made.steps, made.bits) == ("emulated-digits", (2, 10, 10), 3, 1)
    # The same images at another index have other noise.
    assert not np.array_equal(made.train.packed, made.test.packed)
    assert emulated(images, FrameConfig(3, size=20)).shape == (2, 20, 20)
    with pytest.raises(DataError, match="camera: found none for letters, expected mnist, digits, cifar10"):
        emulated(ImageData("letters", images.train, images.test), FrameConfig())


def test_scaled() -> None:
    camera = CAMERAS["mnist"]
    assert scaled(camera, 0) is camera
    assert scaled(camera, 34) is camera
    half = scaled(camera, 17)
    assert (half.sensor, half.image, half.saccades.amplitude) == ((17, 17), (14, 14), 3.5)


@pytest.mark.skipif(not REAL.is_file(), reason=missing(REAL))
def test_mnist_looks_like_n_mnist() -> None:
    images, camera = mnist(REAL).train.images[:256], CAMERAS["mnist"]
    found = crossings(images, np.arange(256), camera)
    assert camera.sensor == (34, 34)
    # N-MNIST has about 4,000 events in a recording of 300 ms, as many of either polarity.
    counts = np.bincount(found.sample, minlength=256)
    assert 3500 < counts.mean() < 4500
    assert counts.min() > 1000
    assert 0.48 < found.on.mean() < 0.54
    # Every saccade has its share of them, and most events fall into its middle.
    share = np.bincount(found.time // 25_000, minlength=12).reshape(3, 4) / len(found.time)
    assert share.sum(axis=1).min() > 0.28
    assert (share[:, 1:3].sum(axis=1) > share[:, [0, 3]].sum(axis=1)).all()
