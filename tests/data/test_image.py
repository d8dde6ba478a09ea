from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError, ImageData, ImageSplit, batches, holdout

IMAGES = np.random.default_rng(0).integers(0, 16, (20, 2, 3, 5), dtype=np.uint8)
LABELS = np.arange(20) % 4


def split(**changes: object) -> ImageSplit:
    fields = {"images": IMAGES, "labels": LABELS, "num_classes": 4, "bits": 4, "source": "here"} | changes
    return ImageSplit(**fields)  # type: ignore[arg-type]


def test_split_keeps_what_it_was_given_as_read_only_copies() -> None:
    images = IMAGES.copy()
    made = split(images=images)
    images[:] = 0
    np.testing.assert_array_equal(made.images, IMAGES)
    assert made.labels.dtype == np.int64
    assert (len(made), made.shape) == (20, (2, 3, 5))
    for array in (made.images, made.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_part_of_a_split_shares_its_images() -> None:
    whole = split()
    assert np.shares_memory(whole.take(slice(3, 7)).images, whole.images)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES.astype(np.float32)}, "here: images dtype: found float32, expected uint8"),
        ({"images": IMAGES[0]}, r"images shape: found \(2, 3, 5\)"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "images shape"),
        ({"bits": 3}, "largest pixel: found 15, expected at most 7"),
        ({"bits": 9}, r"bits: found 9, expected 1\.\.8"),
        ({"labels": LABELS[:-1]}, r"labels shape: found \(19,\), expected \(20,\)"),
        ({"labels": LABELS.astype(float)}, "labels dtype: found float64"),
        ({"labels": LABELS - 1}, r"labels: found -1\.\.2, expected 0\.\.3"),
        ({"num_classes": 3}, r"labels: found 0\.\.3, expected 0\.\.2"),
        ({"num_classes": 1}, "num_classes: found 1"),
    ],
)
def test_split_refuses(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(**changes)


def test_data_refuses_splits_that_do_not_belong_together() -> None:
    with pytest.raises(DataError, match="test"):
        ImageData("mixed", split(), split(images=IMAGES[:, :1]))
    data = ImageData("same", split(), split())
    assert (data.shape, data.num_classes, data.bits) == ((2, 3, 5), 4, 4)


def test_holdout_is_stratified_disjoint_and_repeatable() -> None:
    images = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    whole = ImageSplit(images, np.arange(40) % 4, num_classes=4)
    rest, held = holdout(whole, 8, seed=1)
    again = holdout(whole, 8, seed=1)[1]
    other = holdout(whole, 8, seed=2)[1]
    assert np.bincount(held.labels).tolist() == [2, 2, 2, 2]
    assert sorted([*rest.images.ravel(), *held.images.ravel()]) == list(range(40))
    np.testing.assert_array_equal(held.images, again.images)
    assert not np.array_equal(held.images, other.images)
    np.testing.assert_array_equal(held.images.ravel() % 4, held.labels)


def test_holdout_refuses_a_part_without_every_class() -> None:
    with pytest.raises(DataError, match="cannot hold out 2 of 20 images"):
        holdout(split(), 2)


@pytest.mark.parametrize("size", [1, 7, 20, 50])
def test_batches_cover_everything_in_order(size: int) -> None:
    whole = split()
    chunks = list(batches(whole, size))
    assert [len(c) for c in chunks[:-1]] == [size] * (len(chunks) - 1)
    np.testing.assert_array_equal(np.concatenate([c.images for c in chunks]), whole.images)
    np.testing.assert_array_equal(np.concatenate([c.labels for c in chunks]), whole.labels)


def test_batches_refuse_a_size_of_zero_at_once() -> None:
    with pytest.raises(DataError, match="size: found 0"):
        batches(split(), 0)
