"""The weight gradient of a convolution whose input is mostly zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lava_spquant.jit import run_workers
from lava_spquant.slayer.byte_conv import _compiled
from lava_spquant.slayer.byte_conv._lanes import LANES
from lava_spquant.slayer.byte_conv._taps import ROWS

__all__ = ["DENSITY_MAX", "sparse_weight_gradient", "sparse_weight_gradient_fits"]

DENSITY_MAX = 0.4
"""Share of values other than 0 above which multiplying all of them is about as fast."""

TILE_BYTES = 40 * 1024
"""Gradients in a tile: they stay in the first-level cache, or next to it where that has 32 KiB only."""

PARTS, PART_TILES = 32, 64
"""Most parts whose sums are kept apart, and fewest tiles in a part. Parts depend on sizes only, so that sums do not
depend on the number of threads."""

PLACES = 200
"""Places of an image in a tile, if there are: at usual spike rates, enough events to make up for fetching a sum."""


def sparse_weight_gradient_fits(
    x: Tensor, events: int, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> bool:
    """Say whether `sparse_weight_gradient` can do this convolution, and faster than a dense one.

    Parameters
    ----------
    x : Tensor, uint8, (M, C, H, W)
    events : int
        Its values other than 0.
    kernel, stride, dilation : (int, int)
    """
    plain = stride == (1, 1) and dilation == (1, 1) and kernel[1] in ROWS
    return plain and x.device.type == "cpu" and events <= DENSITY_MAX * x.numel()


def sparse_weight_gradient(x: Tensor, grad: Tensor, kernel: tuple[int, int], padding: tuple[int, int]) -> Tensor:
    """Return dL/dw of `conv2d(x, w, padding=padding)`: per event of `x`, the gradients that it meets.

    Work is proportional to the number of events. `dL/dw[o, c, i, j] = sum x[m, c, y + i - p, x + j - q] * grad[m, o,
    y, x]` over all images and places with padding (p, q). Sums are of float32, tile by tile, and the same for any
    number of threads.

    Parameters
    ----------
    x : Tensor, uint8, (M, C, H, W)
    grad : Tensor, float32, (M, C_out, H_out, W_out)
        dL/d(output).
    kernel, padding : (int, int)
        kw one of 1, 3, 5 and 7.

    Returns
    -------
    Tensor, float32, (C_out, C, kh, kw)
    """
    call = _Call.of(x, grad, kernel, padding)
    totals = np.zeros((call.parts, call.blocks * call.shape[2] * kernel[0] * kernel[1] * LANES), np.float32)
    events, gradients = _flat(x), _flat(grad)
    workers = min(call.parts, torch.get_num_threads())

    def work(worker: int) -> None:
        room = call.room()
        for part in range(worker, call.parts, workers):
            first, last = (call.count * edge // call.parts for edge in (part, part + 1))
            _compiled.accumulate(
                events, gradients, first, last, call.images, call.rows, call.shape, *room, totals[part]
            )

    run_workers(workers, work)
    total = totals.sum(0, dtype=np.float64).astype(np.float32)
    taps = torch.from_numpy(total).view(call.blocks, call.shape[2], *kernel, LANES)
    return taps.permute(0, 4, 1, 2, 3).flatten(0, 1)[: grad.shape[1]].contiguous()


def _flat(x: Tensor) -> NDArray[np.generic]:
    """Return (M, C, H, W) as channels-last memory, one axis."""
    memory: NDArray[np.generic] = x.detach().permute(0, 2, 3, 1).contiguous().view(-1).numpy()
    return memory


@dataclass(frozen=True)
class _Call:
    """How images are cut into tiles and parts.

    Attributes
    ----------
    count : int
        M.
    images, rows : int
        In a tile.
    parts : int
        Stretches of images whose sums are kept apart.
    shape : tuple
        As the kernel takes it.
    """

    count: int
    images: int
    rows: int
    parts: int
    shape: tuple[int, int, int, tuple[int, int], tuple[int, int], tuple[int, int, int]]

    @classmethod
    def of(cls, x: Tensor, grad: Tensor, kernel: tuple[int, int], padding: tuple[int, int]) -> _Call:
        """Return the cuts for these tensors."""
        count, channels, height, width = x.shape
        outputs = grad.shape[1]
        lines = TILE_BYTES // (4 * LANES * (width + kernel[1] - 1))
        rows = min(height, max(1, lines - kernel[0] + 1))
        images = max(lines // (height + kernel[0] - 1), PLACES // (height * width), 1) if rows == height else 1
        tiles = -(-count // images) * -(-height // rows)
        parts = min(max(1, tiles // PART_TILES), PARTS)
        size = (grad.shape[2], grad.shape[3], outputs)
        return cls(count, images, rows, parts, (height, width, channels, kernel, padding, size))

    @property
    def blocks(self) -> int:
        """Blocks of output channels."""
        return -(-self.shape[5][2] // LANES)

    def room(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
        """Return one thread's tile, lists of places and values, and their ends."""
        _, width, channels, kernel, *_ = self.shape
        tile = self.images * (self.rows + kernel[0] - 1) * (width + kernel[1] - 1) * LANES
        events = channels * (self.images * self.rows * width + 1)
        return (
            np.empty(tile, np.float32),
            np.empty(events, np.int32),
            np.empty(events, np.float32),
            np.empty(channels, np.int64),
        )
