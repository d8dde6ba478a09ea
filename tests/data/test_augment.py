from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data import DataError
from lava_spquant.data.augment import Augmentation, random_cutout, random_flip, random_roll, random_shift

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 2, 4, 5), dtype=np.uint8)
CHANGES: list[Callable[..., torch.Tensor]] = [
    lambda images, *rest, **more: random_shift(images, 2, *rest, **more),
    lambda images, *rest, **more: random_roll(images, 2, *rest, **more),
    lambda images, *rest, **more: random_cutout(images, 2, *rest, **more),
    random_flip,
    Augmentation(shift=1, flip=True, roll=2, cutout=3),
]
NAMES = ["shift", "roll", "cutout", "flip", "all"]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shifted(image: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Move one (C, H, W) image pixel by pixel."""
    out = torch.zeros_like(image)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            if 0 <= y - down < height and 0 <= x - right < width:
                out[:, y, x] = image[:, y - down, x - right]
    return out


@given(seed=st.integers(0, 10**6), pixels=st.integers(0, 7))
def test_random_shift_moves_every_image_by_one_allowed_step(seed: int, pixels: int) -> None:
    images = torch.tensor(IMAGES)
    moved = random_shift(images, pixels, seeded(seed))
    again = random_shift(images, pixels, seeded(seed))
    assert moved.dtype == torch.uint8
    assert moved.is_contiguous()
    assert torch.equal(moved, again)
    steps = range(-pixels, pixels + 1)
    for before, after in zip(images, moved, strict=True):
        assert any(torch.equal(after, shifted(before, down, right)) for down in steps for right in steps)


def test_random_shift_reaches_every_step_and_moves_images_apart() -> None:
    dot = torch.zeros(2000, 1, 5, 5)
    dot[:, :, 2, 2] = 7.0
    moved = random_shift(dot, 2, seeded(0))
    counts = (moved[:, 0] > 0).sum(dim=0)
    assert counts.sum() == 2000
    assert counts.min() > 40  # 80 expected at each of 25 places
    assert counts.max() < 120
    assert torch.equal(dot[:, 0, 2, 2], torch.full((2000,), 7.0))


@pytest.mark.parametrize("cuts", [[0, 7], [0, 3, 7], [0, 1, 2, 7]])
def test_parts_of_a_batch_move_as_in_it(cuts: list[int]) -> None:
    images = torch.randint(0, 256, (7, 1, 4, 5), generator=seeded(1)).to(torch.uint8)
    whole = random_shift(images, 2, seeded(3))
    parts = [random_shift(images[start:stop], 2, seeded(3), part=(start, 7)) for start, stop in pairwise(cuts)]
    assert torch.equal(torch.cat(parts), whole)


def test_random_shift_refuses_other_input() -> None:
    with pytest.raises(DataError, match="images"):
        random_shift(torch.zeros(4, 4), 1)
    with pytest.raises(DataError, match="pixels: found -1"):
        random_shift(torch.zeros(1, 1, 4, 4), -1)
    for part in ((-1, 5), (3, 4), (0, 1)):
        with pytest.raises(DataError, match="random_shift: part: found .* expected 2 images within the batch"):
            random_shift(torch.zeros(2, 1, 4, 4), 1, part=part)


@given(seed=st.integers(0, 10**6), pixels=st.integers(0, 7))
def test_random_roll_loses_nothing(seed: int, pixels: int) -> None:
    images = torch.tensor(IMAGES)
    rolled = random_roll(images, pixels, seeded(seed))
    steps = range(-pixels, pixels + 1)
    for before, after in zip(images, rolled, strict=True):
        assert any(torch.equal(after, before.roll((down, right), (1, 2))) for down in steps for right in steps)


def test_random_flip_mirrors_half_of_them() -> None:
    images = torch.arange(2.0).expand(1000, 1, 3, 2)
    flipped = random_flip(images, seeded(0))
    mirrored = flipped[:, 0, 0, 0] == 1
    assert 430 < int(mirrored.sum()) < 570
    assert torch.equal(flipped[mirrored], images[mirrored].flip(-1))
    assert torch.equal(flipped[~mirrored], images[~mirrored])


@given(seed=st.integers(0, 10**6), side=st.integers(0, 6))
def test_random_cutout_removes_one_square(seed: int, side: int) -> None:
    left = random_cutout(torch.ones(3, 2, 6, 7), side, seeded(seed))
    for sample in left:
        assert torch.equal(sample[0], sample[1])
        rows, columns = torch.where(sample[0] == 0)
        if not side:
            assert not len(rows)
            continue
        # The middle lies inside, so that an edge cuts off half of the square at most.
        height, width = (int(axis.max() - axis.min()) + 1 for axis in (rows, columns))
        assert len(rows) == height * width
        assert side - side // 2 <= height <= side
        assert side - side // 2 <= width <= side


def test_random_cutout_reaches_everything() -> None:
    left = random_cutout(torch.ones(2000, 1, 4, 3), 1, seeded(0))
    counts = (left == 0).sum(dim=(0, 1))
    assert int(counts.sum()) == 2000
    assert int(counts.min()) > 110  # 167 expected at each of 12 places


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
@pytest.mark.parametrize("cuts", [[0, 7], [0, 3, 7], [0, 1, 2, 7]])
def test_every_change_is_that_of_the_whole_batch(change: Callable[..., torch.Tensor], cuts: list[int]) -> None:
    images = torch.randint(1, 256, (7, 2, 4, 5), generator=seeded(1)).to(torch.uint8)
    before = images.clone()
    whole = change(images, seeded(3))
    parts = [change(images[start:stop], seeded(3), part=(start, 7)) for start, stop in pairwise(cuts)]
    assert torch.equal(torch.cat(parts), whole)
    assert whole.dtype == torch.uint8
    assert torch.equal(images, before)
    assert not torch.equal(change(images, seeded(4)), whole)


@given(seed=st.integers(0, 10**6))
def test_a_recording_is_changed_alike_at_all_steps_and_polarities(seed: int) -> None:
    change = Augmentation(shift=1, flip=True, roll=2, cutout=2)
    frame = torch.randint(1, 9, (4, 1, 1, 6, 5), generator=seeded(seed))
    changed = change(frame.expand(4, 3, 2, 6, 5), seeded(seed))
    assert torch.equal(changed, changed[:, :1, :1].expand_as(changed))
    assert torch.equal(changed[:, 0, 0], change(frame[:, 0], seeded(seed))[:, 0])


def test_nothing_asked_nothing_changed() -> None:
    images = torch.tensor(IMAGES)
    assert not Augmentation()
    assert Augmentation(flip=True)
    assert torch.equal(Augmentation()(images), images)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"shift": 9}, r"data: shift: found 9, expected 0\.\.8"), ({"roll": -1}, "roll"), ({"cutout": 65}, "cutout")],
)
def test_augmentation_refuses(changes: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Augmentation(**changes)  # type: ignore[arg-type]
