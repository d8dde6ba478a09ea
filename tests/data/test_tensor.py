from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant.data import DataError, EventSplit, ImageSplit, repeat
from lava_spquant.data.augment import Augmentation
from lava_spquant.data.packing import pack_frames
from lava_spquant.data.tensor import as_torch, augmenter, encoder, frames_to_nchwt, to_nchwt, unpack_tensor

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 2, 4, 5), dtype=np.uint8)
FRAMES = np.random.default_rng(2).integers(0, 2, (3, 6, 2, 4, 5), dtype=np.uint8)


def recordings(bits: int) -> EventSplit:
    return EventSplit(pack_frames(FRAMES * bits, bits), np.array([0, 1, 1]), 2, FRAMES.shape[1:], bits, "here")


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


@pytest.mark.parametrize("bits", [1, 3])
def test_recordings_become_what_the_ir_reads(bits: int) -> None:
    split = recordings(bits)
    packed, labels = as_torch(split).tensors
    assert labels.tolist() == [0, 1, 1]
    assert torch.equal(unpack_tensor(packed, split.frame_shape, bits), torch.tensor(FRAMES * bits))
    x = encoder(split, 6)(packed)
    assert x.dtype == torch.float32
    np.testing.assert_array_equal(x.numpy(), split.inputs(6).transpose(1, 2, 3, 4, 0))
    # Time-major and channels-last inside, so that no block copies it.
    assert x.movedim(-1, 0).movedim(2, -1).is_contiguous()


def test_frames_augmented_are_encoded_too() -> None:
    split = recordings(1)
    packed, _ = as_torch(split).tensors
    frames = augmenter(split, Augmentation(flip=True))(packed, torch.Generator().manual_seed(0), (0, 3))
    assert frames.shape == FRAMES.shape
    assert torch.equal(encoder(split, 6)(frames), frames_to_nchwt(frames))


def test_images_have_encoder_and_augmenter_too() -> None:
    split = ImageSplit(IMAGES, np.array([0, 1, 1]), num_classes=2)
    images, _ = as_torch(split).tensors
    assert torch.equal(encoder(split, 2)(images), to_nchwt(IMAGES, 2))
    change = Augmentation(shift=1)
    one, other = (torch.Generator().manual_seed(5) for _ in range(2))
    assert torch.equal(augmenter(split, change)(images, one, (0, 3)), change(images, other))


def test_other_frames_are_refused() -> None:
    with pytest.raises(DataError, match=r"packed: found torch\.uint8 \(3, 29\), expected uint8 \(N, 30\)"):
        unpack_tensor(torch.zeros(3, 29, dtype=torch.uint8), (6, 2, 4, 5), 1)
    with pytest.raises(DataError, match=r"frames: found torch\.float32"):
        frames_to_nchwt(torch.zeros(1, 1, 2, 2, 2))
    with pytest.raises(DataError, match="here: time steps: found 5, expected its own, 6"):
        encoder(recordings(1), 5)
    with pytest.raises(DataError, match="steps: found 0"):
        encoder(ImageSplit(IMAGES, np.array([0, 1, 1]), num_classes=2), 0)
