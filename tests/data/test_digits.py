from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from lava_spquant.data import digits


def test_digits_are_scaled_linearly_and_none_is_lost() -> None:
    data = digits()
    pixels = np.concatenate([data.train.images, data.test.images])
    assert pixels.shape == (1797, 1, 8, 8)
    assert set(np.unique(pixels)) == set(range(0, 241, 15))
    ours = sorted(image.tobytes() for image in pixels // 15)
    theirs = sorted(image.astype(np.uint8).tobytes() for image in load_digits().images)
    assert ours == theirs


def test_test_images_are_a_fifth_of_every_class_and_always_the_same() -> None:
    first, second = digits(), digits()
    assert len(first.test) == 360
    share = np.bincount(first.test.labels) / np.bincount(np.concatenate([first.train.labels, first.test.labels]))
    assert np.all(np.abs(share - 0.2) < 0.01)
    np.testing.assert_array_equal(first.test.images, second.test.images)


def test_the_published_split_does_not_move() -> None:
    # Figures published with trained networks are for exactly these images.
    test = digits().test
    assert int(test.images.astype(np.int64).sum()) == 1_684_725
    assert test.labels[:12].tolist() == [2, 8, 7, 9, 9, 1, 3, 6, 4, 1, 6, 1]


def test_every_digit_keeps_its_label() -> None:
    raw = load_digits()
    known = {
        (image.astype(np.uint8) * 15).tobytes(): int(label) for image, label in zip(raw.images, raw.target, strict=True)
    }
    test = digits().test
    assert all(known[image.tobytes()] == label for image, label in zip(test.images, test.labels, strict=True))
