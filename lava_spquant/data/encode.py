"""From static images to the network's input: the same graded image at every time step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lava_spquant.data.errors import expect_data
from lava_spquant.data.split import Pixels

__all__ = ["check_steps", "repeat"]


def repeat(images: Pixels, steps: int) -> NDArray[np.int32]:
    """Present every image at each of `steps` time steps as graded input.

    Parameters
    ----------
    images : numpy.ndarray, uint8, shape (N, C, H, W)
    steps : int
        T, at least 1.

    Returns
    -------
    numpy.ndarray, int32, shape (T, N, C, H, W)
        A read-only view: one int32 copy of the images, whatever T is.

    Raises
    ------
    DataError
        If `images` is not uint8 of that shape, or `steps` less than 1.

    Examples
    --------
    >>> repeat(np.full((1, 1, 1, 2), 200, np.uint8), steps=3).ravel().tolist()
    [200, 200, 200, 200, 200, 200]
    """
    check_steps(steps)
    good = images.dtype == np.uint8 and images.ndim == 4
    expect_data(good, "repeat", "images", found=f"{images.dtype} {images.shape}", expected="uint8 (N, C, H, W)")
    return np.broadcast_to(images.astype(np.int32), (steps, *images.shape))


def check_steps(steps: int) -> None:
    """Raise `DataError` unless `steps` is a whole number of at least 1."""
    good = steps >= 1 and int(steps) == steps
    expect_data(good, "encoder", "steps", found=steps, expected="a whole number of at least 1")
