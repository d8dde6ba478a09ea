from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data import DataError, ImageSplit, repeat
from lava_spquant.data.augment import random_shift
from lava_spquant.data.tensor import as_torch, to_nchwt

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 2, 4, 5), dtype=np.uint8)


def shifted(image: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Move one (C, H, W) image pixel by pixel."""
    out = torch.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                out[:, y, x] = image[:, y - down, x - right]
    return out


def test_as_torch_owns_its_memory() -> None:
    split = ImageSplit(IMAGES, np.array([0, 1, 1]), num_classes=2)
    images, labels = as_torch(split).tensors
    assert (images.dtype, labels.dtype) == (torch.uint8, torch.int64)
    images.zero_()
    np.testing.assert_array_equal(split.images, IMAGES)
    assert labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize("steps", [1, 4])
def test_to_nchwt_carries_the_integers_of_the_ir_layout(steps: int) -> None:
    expected = repeat(IMAGES, steps).transpose(1, 2, 3, 4, 0)
    for images in (IMAGES, torch.tensor(IMAGES), ImageSplit(IMAGES, np.zeros(3, int), 2).images):
        x = to_nchwt(images, steps)
        assert x.dtype == torch.float32
        assert steps == 1 or x.stride(-1) == 0
        np.testing.assert_array_equal(x.numpy(), expected)


def test_to_nchwt_refuses_other_input() -> None:
    with pytest.raises(DataError, match="steps: found 0"):
        to_nchwt(IMAGES, 0)
    with pytest.raises(DataError, match=r"images: found torch\.float32"):
        to_nchwt(torch.zeros(1, 1, 2, 2), 2)


@given(seed=st.integers(0, 10**6), pixels=st.integers(0, 7))
def test_random_shift_moves_every_image_by_one_allowed_step(seed: int, pixels: int) -> None:
    images = torch.tensor(IMAGES)
    moved = random_shift(images, pixels, torch.Generator().manual_seed(seed))
    again = random_shift(images, pixels, torch.Generator().manual_seed(seed))
    assert moved.dtype == torch.uint8
    assert moved.is_contiguous()
    assert torch.equal(moved, again)
    steps = range(-pixels, pixels + 1)
    for before, after in zip(images, moved, strict=True):
        assert any(torch.equal(after, shifted(before, down, right)) for down in steps for right in steps)


def test_random_shift_reaches_every_step_and_moves_images_apart() -> None:
    dot = torch.zeros(2000, 1, 5, 5)
    dot[:, :, 2, 2] = 7.0
    moved = random_shift(dot, 2, torch.Generator().manual_seed(0))
    counts = (moved[:, 0] > 0).sum(dim=0)
    assert counts.sum() == 2000
    assert counts.min() > 40  # 80 expected at each of 25 places
    assert counts.max() < 120
    assert torch.equal(dot[:, 0, 2, 2], torch.full((2000,), 7.0))


@pytest.mark.parametrize("cuts", [[0, 7], [0, 3, 7], [0, 1, 2, 7]])
def test_parts_of_a_batch_move_as_in_it(cuts: list[int]) -> None:
    images = torch.randint(0, 256, (7, 1, 4, 5), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    whole = random_shift(images, 2, torch.Generator().manual_seed(3))
    parts = [
        random_shift(images[start:stop], 2, torch.Generator().manual_seed(3), part=(start, 7))
        for start, stop in pairwise(cuts)
    ]
    assert torch.equal(torch.cat(parts), whole)


def test_random_shift_refuses_other_input() -> None:
    with pytest.raises(DataError, match="images"):
        random_shift(torch.zeros(4, 4), 1)
    with pytest.raises(DataError, match="pixels: found -1"):
        random_shift(torch.zeros(1, 1, 4, 4), -1)
    for part in ((-1, 5), (3, 4), (0, 1)):
        with pytest.raises(DataError, match="random_shift: part: found .* expected 2 images within the batch"):
            random_shift(torch.zeros(2, 1, 4, 4), 1, part=part)
