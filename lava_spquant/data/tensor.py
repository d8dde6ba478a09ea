"""The torch side of the data: tensors, SLAYER's layout and augmentation. The only file here that needs torch."""

from __future__ import annotations

import torch
from torch.nn.functional import pad
from torch.utils.data import TensorDataset

from lava_spquant.data.encode import check_steps
from lava_spquant.data.errors import expect_data
from lava_spquant.data.image import ImageSplit
from lava_spquant.data.split import Pixels

__all__ = ["as_torch", "random_shift", "to_nchwt"]


def as_torch(split: ImageSplit) -> TensorDataset:
    """Return a data set of (uint8 image (C, H, W), int64 label) pairs that owns its memory."""
    return TensorDataset(torch.tensor(split.images), torch.tensor(split.labels))


def to_nchwt(images: torch.Tensor | Pixels, steps: int) -> torch.Tensor:
    """Present every image at each of `steps` time steps, in SLAYER's layout.

    Parameters
    ----------
    images : torch.Tensor or numpy.ndarray, uint8, shape (N, C, H, W)
    steps : int
        T, at least 1.

    Returns
    -------
    torch.Tensor, float32, shape (N, C, H, W, T)
        The integers 0..255 as floats, since the wire carries integers; an expanded view, so time
        costs no memory and the result must not be written to.

    Raises
    ------
    DataError
        If `images` is not uint8 of that shape, or `steps` less than 1.
    """
    check_steps(steps)
    tensor = images if isinstance(images, torch.Tensor) else torch.tensor(images)
    good = tensor.dtype == torch.uint8 and tensor.ndim == 4
    found = f"{tensor.dtype} {tuple(tensor.shape)}"
    expect_data(good, "to_nchwt", "images", found=found, expected="uint8 (N, C, H, W)")
    return tensor.to(torch.float32).unsqueeze(-1).expand(*tensor.shape, steps)


def random_shift(
    images: torch.Tensor,
    pixels: int,
    generator: torch.Generator | None = None,
    *,
    part: tuple[int, int] | None = None,
) -> torch.Tensor:
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
    expect_data(images.ndim == 4, "random_shift", "images", found=tuple(images.shape), expected="(N, C, H, W)")
    expect_data(pixels >= 0, "random_shift", "pixels", found=pixels, expected="at least 0")
    batch, _, height, width = images.shape
    start, total = (0, batch) if part is None else part
    good = start >= 0 and start + batch <= total
    expect_data(good, "random_shift", "part", found=part, expected=f"{batch} images within the batch")
    origin = "cpu" if generator is None else generator.device
    drawn = torch.randint(0, 2 * pixels + 1, (2, total, 1), generator=generator, device=origin)
    corner = drawn[:, start : start + batch].to(images.device)
    rows = corner[0] + torch.arange(height, device=images.device)
    columns = corner[1] + torch.arange(width, device=images.device)
    padded = pad(images, (pixels,) * 4).permute(0, 2, 3, 1)
    sample = torch.arange(batch, device=images.device)[:, None, None]
    return padded[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
