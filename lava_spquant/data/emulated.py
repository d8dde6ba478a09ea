"""Data sets of images as an emulated event camera sees them; see `lava_spquant.data.emulator`.

Their names begin with "emulated-", and so does the source of their splits: figures measured on them are not figures of
the recorded data sets.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from lava_spquant.data.cache import RowCache, Rows, cache_key, default_cache
from lava_spquant.data.emulator import EmulatorConfig, crossings
from lava_spquant.data.errors import expect_data
from lava_spquant.data.event import EventData, EventSplit, FrameConfig
from lava_spquant.data.frames import POLARITIES, count_events
from lava_spquant.data.image import ImageData, ImageSplit
from lava_spquant.data.packing import FrameShape, pack_frames, packed_bytes
from lava_spquant.data.saccade import SaccadeConfig

__all__ = ["CAMERAS", "emulated", "emulated_split", "scaled"]

log = logging.getLogger(__name__)

VERSION = 1
"""To be raised when the emulator's events change: what is in caches then no longer counts."""

PREFIX = "emulated-"
FIRST_TEST_INDEX = 10**7
"""Test images are numbered from here on, so that no two images share what is drawn for them."""

PART = 64
"""Images at a time: fewer leave the processor waiting for Python, more do not fit into its cache."""

CAMERAS = {
    "mnist": EmulatorConfig(),
    # A saccade of 2 pixels over 8 is as long as one of 7 over MNIST's 28.
    "digits": EmulatorConfig(sensor=(10, 10), image=(8, 8), saccades=SaccadeConfig(amplitude=2)),
    # Photographs have less contrast than ink: this threshold gives about as many events per pixel. They fill the view.
    "cifar10": EmulatorConfig(
        sensor=(32, 32), image=(32, 32), saccades=SaccadeConfig(amplitude=4), threshold=0.15, border="edge"
    ),
}
"""The camera for each data set of images that is emulated."""


def emulated(images: ImageData, frames: FrameConfig, camera: EmulatorConfig | None = None) -> EventData:
    """Show a data set of images to an emulated event camera.

    Parameters
    ----------
    images : ImageData
    frames : FrameConfig
        A `size` other than the camera's makes image, saccades and sensor larger or smaller alike.
    camera : EmulatorConfig, optional
        By default that of `CAMERAS`.

    Returns
    -------
    EventData
        Named "emulated-" and the images' name; computed once and kept in the cache.

    Raises
    ------
    DataError
        If there is no camera for these images.
    """
    if camera is None:
        known = ", ".join(CAMERAS)
        expect_data(images.name in CAMERAS, "emulated", "camera", found=f"none for {images.name}", expected=known)
        camera = CAMERAS[images.name]
    camera, cache = scaled(camera, frames.size), default_cache()
    train = emulated_split(images.train, camera, frames, cache=cache)
    test = emulated_split(images.test, camera, frames, first_index=FIRST_TEST_INDEX, cache=cache)
    return EventData(PREFIX + images.name, train, test)


def scaled(camera: EmulatorConfig, size: int) -> EmulatorConfig:
    """Return a camera whose sensor is `size` pixels wide and high, and that sees everything as much larger; 0 keeps it.

    Examples
    --------
    >>> larger = scaled(CAMERAS["cifar10"], 48)
    >>> larger.sensor, larger.image, larger.saccades.amplitude
    ((48, 48), (48, 48), 6.0)
    """
    if not size or camera.sensor == (size, size):
        return camera
    ratios = [size / side for side in camera.sensor]
    height, width = (max(1, round(side * ratio)) for side, ratio in zip(camera.image, ratios, strict=True))
    saccades = replace(camera.saccades, amplitude=camera.saccades.amplitude * ratios[1])
    return replace(camera, sensor=(size, size), image=(height, width), saccades=saccades)


def emulated_split(
    split: ImageSplit,
    camera: EmulatorConfig,
    frames: FrameConfig,
    *,
    first_index: int = 0,
    cache: RowCache | None = None,
) -> EventSplit:
    """Show a split to the camera; see `emulated`. Without a `cache` it is computed at every call."""
    shape: FrameShape = (frames.steps, POLARITIES, *camera.sensor)
    row_bytes = packed_bytes(shape, frames.bits)
    compute = partial(_rows, split, camera, shape, frames.bits, first_index)
    if cache is None:
        rows = np.concatenate(list(compute()))
    else:
        # The camera's sensor tells the frames' size.
        key = cache_key("emulated", VERSION, split.images, camera, [frames.steps, frames.bits, first_index])
        rows = cache.rows(key, len(split), row_bytes, compute)
    return EventSplit(rows, split.labels, split.num_classes, shape, frames.bits, f"emulated from {split.source}")


def _rows(split: ImageSplit, camera: EmulatorConfig, shape: FrameShape, bits: int, first_index: int) -> Iterator[Rows]:
    log.info("emulating the events of %d images", len(split))

    def one(start: int) -> Rows:
        images = split.images[start : start + PART]
        found = crossings(images, first_index + start + np.arange(len(images)), camera)
        step = found.time.astype(np.int64) * shape[0] // camera.saccades.duration_us
        pixels = camera.sensor[0] * camera.sensor[1]
        index = ((found.sample * shape[0] + step) * POLARITIES + found.on) * pixels + found.pixel
        return pack_frames(count_events(index, (len(images), *shape), bits), bits)

    yield from _threaded(one, range(0, len(split), PART))


def _threaded(function: Callable[[int], Rows], items: Sequence[int]) -> Iterator[Rows]:
    """Map in order, on all processors; NumPy lets threads run side by side. Few results are held at a time."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting: deque[Future[Rows]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
