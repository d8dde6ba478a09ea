"""The torch side of the data: tensors, and SLAYER's layout. With `augment` the only file here that needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from lava_spquant.data.augment import Augmentation, Part
from lava_spquant.data.encode import check_steps
from lava_spquant.data.errors import expect_data
from lava_spquant.data.event import EventSplit
from lava_spquant.data.image import ImageSplit
from lava_spquant.data.packing import FrameShape, packed_bytes
from lava_spquant.data.split import Pixels

__all__ = ["as_torch", "augmenter", "encoder", "frames_to_nchwt", "to_nchwt", "unpack_tensor"]


def as_torch(split: ImageSplit | EventSplit) -> TensorDataset:
    """Return a data set of (sample, int64 label) pairs that owns its memory.

    A sample is a uint8 image (C, H, W), or a recording's frames as packed bytes; `encoder` makes both the network's
    input.
    """
    samples = split.packed if isinstance(split, EventSplit) else split.images
    return TensorDataset(torch.tensor(samples), torch.tensor(split.labels))


def encoder(split: ImageSplit | EventSplit, steps: int) -> Callable[[Tensor], Tensor]:
    """Return what turns a batch of `as_torch(split)`, augmented or not, into the network's input, NCHWT.

    Raises
    ------
    DataError
        If `steps` is less than 1, or not that of the recordings.
    """
    check_steps(steps)
    if not isinstance(split, EventSplit):
        return lambda images: to_nchwt(images, steps)
    expect_data(steps == split.steps, split.source, "time steps", found=steps, expected=f"its own, {split.steps}")
    shape, bits = split.frame_shape, split.bits
    return lambda batch: frames_to_nchwt(unpack_tensor(batch, shape, bits) if batch.ndim == 2 else batch)


def augmenter(
    split: ImageSplit | EventSplit, augmentation: Augmentation
) -> Callable[[Tensor, torch.Generator | None, Part | None], Tensor]:
    """Return what augments a batch of `as_torch(split)`: images, or frames (N, T, C, H, W) for `encoder`."""
    if not isinstance(split, EventSplit):
        return augmentation
    shape, bits = split.frame_shape, split.bits
    return lambda packed, generator, part: augmentation(unpack_tensor(packed, shape, bits), generator, part)


def unpack_tensor(packed: Tensor, shape: FrameShape, bits: int) -> Tensor:
    """Return frames (N, T, C, H, W) from what `pack_frames` packed, on its device.

    Raises
    ------
    DataError
        If `packed` is not uint8 of the packed shape.
    """
    wanted = packed_bytes(shape, bits)
    good = packed.dtype == torch.uint8 and packed.ndim == 2 and packed.shape[1] == wanted
    found = f"{packed.dtype} {tuple(packed.shape)}"
    expect_data(good, "unpack_tensor", "packed", found=found, expected=f"uint8 (N, {wanted})")
    flat = packed
    if bits == 1:
        places = torch.arange(8, dtype=torch.uint8, device=packed.device)
        flat = ((packed[:, :, None] >> places) & 1).flatten(1)[:, : math.prod(shape)]
    return flat.reshape(-1, *shape)


def frames_to_nchwt(frames: Tensor) -> Tensor:
    """Return frames (N, T, C, H, W) in SLAYER's layout.

    Returns
    -------
    torch.Tensor, float32, shape (N, C, H, W, T)
        Memory is time-major and channels-last, as the blocks work in.

    Raises
    ------
    DataError
        If `frames` is not uint8 of that shape.
    """
    good = frames.dtype == torch.uint8 and frames.ndim == 5
    found = f"{frames.dtype} {tuple(frames.shape)}"
    expect_data(good, "frames_to_nchwt", "frames", found=found, expected="uint8 (N, T, C, H, W)")
    inside = frames.permute(1, 0, 3, 4, 2).to(torch.float32, memory_format=torch.contiguous_format)
    return inside.permute(1, 4, 2, 3, 0)


def to_nchwt(images: Tensor | Pixels, steps: int) -> Tensor:
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
