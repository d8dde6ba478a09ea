"""Augmentation, in torch: every sample is changed in its own way, and a recording alike at all of its steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lava_spquant.data.errors import expect_data

__all__ = ["Augmentation", "Part", "random_cutout", "random_flip", "random_roll", "random_shift"]

Part = tuple[int, int]
"""(start, total): the samples are those from `start` on of a batch of `total`, and change as they would in it."""

LIMITS = {"shift": 8, "roll": 16, "cutout": 64}


@dataclass(frozen=True)
class Augmentation:
    """What changes a training sample: first it is shifted, then mirrored, then rolled, then a part is cut out.

    Parameters
    ----------
    shift : int
        Up to so many pixels along height and width, zeros moving in: a random crop of the zero-padded sample.
    flip : bool
        Mirror every second sample, drawn at random, from left to right.
    roll : int
        Up to so many pixels along height and width; what leaves on one side comes in on the other.
    cutout : int
        Side of a square that is set to zero, anywhere in the sample; 0 for none.

    Raises
    ------
    DataError
        If a field is out of range.
    """

    shift: int = 0
    flip: bool = False
    roll: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        for name, top in LIMITS.items():
            value = getattr(self, name)
            expect_data(0 <= value <= top, "data", name, found=value, expected=f"0..{top}")

    def __bool__(self) -> bool:
        return self != Augmentation()

    def __call__(self, samples: Tensor, generator: torch.Generator | None = None, part: Part | None = None) -> Tensor:
        """Return samples (N, ..., H, W) augmented; the axes between are changed alike.

        Parameters
        ----------
        samples : torch.Tensor, shape (N, ..., H, W)
            Images (N, C, H, W) or frames (N, T, C, H, W); not modified.
        generator : torch.Generator, optional
            Where the draws come from; None uses torch's global generator.
        part : (start, total), optional

        Raises
        ------
        DataError
            If there are no such axes, or the batch does not hold the part.
        """
        changed = samples.flatten(1, -3) if samples.ndim > 4 else samples
        if self.shift:
            changed = random_shift(changed, self.shift, generator, part=part)
        if self.flip:
            changed = random_flip(changed, generator, part=part)
        if self.roll:
            changed = random_roll(changed, self.roll, generator, part=part)
        if self.cutout:
            changed = random_cutout(changed, self.cutout, generator, part=part)
        return changed.reshape(samples.shape)


def random_shift(
    images: Tensor, pixels: int, generator: torch.Generator | None = None, *, part: Part | None = None
) -> Tensor:
    """Move every image by its own whole number of pixels, filling with zeros.

    Parameters
    ----------
    images : torch.Tensor, shape (N, C, H, W)
        Not modified.
    pixels : int
        Largest shift along height and width, drawn uniformly from -pixels..pixels.
    generator : torch.Generator, optional
        Where the shifts come from; None uses torch's global generator.
    part : (start, total), optional
        `images` are those from `start` on of a batch of `total`, and move as they would in it.

    Returns
    -------
    torch.Tensor
        Of the same shape, dtype and device.

    Raises
    ------
    DataError
        If `images` is not of that shape, `pixels` is negative, or the batch does not hold the part.
    """
    corner = _drawn("random_shift", images, "pixels", pixels, 2 * pixels + 1, generator, part)
    rows, columns = (corner[axis] + torch.arange(images.shape[2 + axis], device=images.device) for axis in (0, 1))
    return _gathered(pad(images, (pixels,) * 4), rows, columns)


def random_roll(
    images: Tensor, pixels: int, generator: torch.Generator | None = None, *, part: Part | None = None
) -> Tensor:
    """Move every image by its own whole number of pixels; what leaves on one side comes in on the other.

    Parameters, result and errors are those of `random_shift`.
    """
    corner = _drawn("random_roll", images, "pixels", pixels, 2 * pixels + 1, generator, part) - pixels
    sides = images.shape[2:]
    rows, columns = ((corner[k] + torch.arange(sides[k], device=images.device)) % sides[k] for k in (0, 1))
    return _gathered(images, rows, columns)


def random_flip(images: Tensor, generator: torch.Generator | None = None, *, part: Part | None = None) -> Tensor:
    """Mirror each image (N, C, H, W) from left to right with a probability of one half; see `random_shift`."""
    chosen = _drawn("random_flip", images, "axes", 1, 2, generator, part)[0, :, :, None, None].bool()
    return torch.where(chosen, images.flip(-1), images)


def random_cutout(
    images: Tensor, side: int, generator: torch.Generator | None = None, *, part: Part | None = None
) -> Tensor:
    """Set a square of `side` pixels to zero in every image, its middle anywhere; see `random_shift`.

    After DeVries and Taylor, 2017 (arXiv 1708.04552).
    """
    # One draw serves both sides, whatever their ratio.
    grid = 2**30
    middle = _drawn("random_cutout", images, "side", side, grid, generator, part)
    inside = []
    for axis, length in enumerate(images.shape[2:]):
        first = middle[axis] * length // grid - side // 2
        place = torch.arange(length, device=images.device)
        inside.append((place >= first) & (place < first + side))
    return images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0)


def _drawn(
    where: str,
    images: Tensor,
    what: str,
    value: int,
    top: int,
    generator: torch.Generator | None,
    part: Part | None,
) -> Tensor:
    """Return two draws from 0..top-1 for every image, shape (2, N, 1): always those of the whole batch's draw."""
    expect_data(images.ndim == 4, where, "images", found=tuple(images.shape), expected="(N, C, H, W)")
    expect_data(value >= 0, where, what, found=value, expected="at least 0")
    batch = len(images)
    start, total = (0, batch) if part is None else part
    good = start >= 0 and start + batch <= total
    expect_data(good, where, "part", found=part, expected=f"{batch} images within the batch")
    origin = "cpu" if generator is None else generator.device
    drawn = torch.randint(0, top, (2, total, 1), generator=generator, device=origin)
    return drawn[:, start : start + batch].to(images.device)


def _gathered(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the pixels at `rows` (N, H) and `columns` (N, W) of every image."""
    sample = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2).contiguous()
