from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError, ImageData, ImageSplit

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


def test_an_image_is_shown_at_every_step() -> None:
    assert np.array_equal(split().inputs(3), np.stack([IMAGES] * 3))
