"""How a step is cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

__all__ = ["Tiling"]

_VALUES = 1024
"""Values of a tile: four per thread of eight warps, so that 64 registers do and the GPU is half full of threads."""

_COLUMNS = 64
"""Most channels of a tile: at least one 128-byte line per row, and rows enough that sums per tile are few."""


@dataclass(frozen=True)
class Tiling:
    """The cut of a matrix (rows, channels).

    Parameters
    ----------
    rows, channels : int
        Of the matrix.

    Examples
    --------
    >>> Tiling(100, 3).constants, Tiling(100, 3).grid
    ({'ROWS': 256, 'COLUMNS': 4}, (1, 1))
    >>> Tiling(100, 96).constants, Tiling(100, 96).grid
    ({'ROWS': 16, 'COLUMNS': 64}, (7, 2))
    """

    rows: int
    channels: int

    @staticmethod
    def of(matrix: Tensor) -> Tiling:
        """Return the tiling of (rows, channels)."""
        return Tiling(*matrix.shape)

    @property
    def size(self) -> int:
        """Values of the matrix."""
        return self.rows * self.channels

    @property
    def constants(self) -> dict[str, int]:
        """Rows and columns of a tile, powers of two."""
        columns = min(1 << (self.channels - 1).bit_length(), _COLUMNS)
        return {"ROWS": _VALUES // columns, "COLUMNS": columns}

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles along rows and along channels."""
        tile = self.constants
        return -(-self.rows // tile["ROWS"]), -(-self.channels // tile["COLUMNS"])

    @property
    def sums_shape(self) -> tuple[int, int]:
        """Shape of one sum per tile of rows and channel."""
        return self.grid[0], self.channels

    @lru_cache(64)  # noqa: B019 (a tiling is a pair of numbers)
    def counts(self, device: torch.device) -> Tensor:
        """Return the rows of every tile that are not beyond the end, float64 (tiles, 1); not to be changed."""
        height = self.constants["ROWS"]
        first = torch.arange(self.grid[0], device=device, dtype=torch.float64) * height
        return (self.rows - first).clamp(max=height).unsqueeze(1)
