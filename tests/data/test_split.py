from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError, EventSplit, ImageSplit, Split, batches, holdout
from lava_spquant.data.split import read_only

IMAGES = np.random.default_rng(0).integers(0, 16, (20, 2, 3, 5), dtype=np.uint8)
LABELS = np.arange(20) % 4


def split() -> ImageSplit:
    return ImageSplit(IMAGES, LABELS, num_classes=4, bits=4, source="here")


@pytest.mark.parametrize(
    "whole",
    [split(), EventSplit(IMAGES.reshape(20, 30), LABELS, 4, (3, 2, 5, 1), bits=4)],
    ids=["images", "events"],
)
def test_both_kinds_are_parted_alike(whole: Split) -> None:
    rest, held = holdout(whole, 8)
    assert type(rest) is type(held) is type(whole)
    assert (rest.shape, rest.bits, rest.source) == (whole.shape, whole.bits, whole.source)
    parts = [part.inputs(3) for part in batches(rest, 5)]
    assert np.array_equal(np.concatenate(parts, axis=1), rest.inputs(3))
    assert rest.inputs(3).shape == (3, 12, *whole.shape)


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
    with pytest.raises(DataError, match="cannot hold out 2 of 20 samples"):
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


def test_what_nobody_can_write_to_is_not_copied() -> None:
    array = np.arange(6)
    copy = read_only(array)
    assert not np.shares_memory(array, copy)
    assert read_only(copy) is copy
    assert read_only(copy[1:]).base is copy
    assert read_only(copy[::2]).flags.c_contiguous
