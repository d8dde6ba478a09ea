"""Real handwritten digits, 8x8 pixels, that ship with scikit-learn: a data set that needs no download."""

from __future__ import annotations

import numpy as np

from lava_spquant.data.image import ImageData, ImageSplit
from lava_spquant.data.split import holdout

__all__ = ["digits"]

GREY_STEP = 15
"""A pixel counts 0..16 inked sub-pixels; times 15 it is 0..240, linear and exact within 8 bits."""

TEST_SAMPLES = 360
SPLIT_SEED = 2024


def digits(test_samples: int = TEST_SAMPLES, seed: int = SPLIT_SEED) -> ImageData:
    """Load the 1,797 digits of scikit-learn (UCI optical recognition of handwritten digits).

    A pixel is the number of inked sub-pixels in a 4x4 cell, 0..16; it is scaled to 8 bits as
    `15 * value`, which keeps it linear (`16 * value` would need a clip at 255).

    Parameters
    ----------
    test_samples : int
        Images to test on, drawn so that every class keeps its share; by default 360, a fifth.
    seed : int
        Of that draw. The published figures use the default.

    Returns
    -------
    ImageData
        Images of shape (1, 8, 8), 8 bits, 10 classes.

    Raises
    ------
    DataError
        If `test_samples` leaves a part without an image of every class.
    """
    from sklearn.datasets import load_digits  # slow to import, and needed here only

    raw = load_digits()
    images = (raw.images[:, np.newaxis] * GREY_STEP).astype(np.uint8)
    everything = ImageSplit(images, raw.target, num_classes=10, source="scikit-learn digits")
    train, test = holdout(everything, test_samples, seed)
    return ImageData("digits", train, test)
