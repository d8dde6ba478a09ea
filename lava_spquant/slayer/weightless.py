"""Synapses in training that have no weights: pools and skip connections."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer.synapse import SlayerSynapse

__all__ = ["IdentitySynapse", "PoolSynapse"]


class PoolSynapse(SlayerSynapse):
    """Sum-pool of every channel.

    Parameters
    ----------
    kernel_size : int or (int, int)
    stride : int, (int, int) or None
        None means the kernel's size.
    padding : int or (int, int)
    average : bool
        Divide by the window's size; deployed, the gain does.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        average: bool = False,
    ) -> None:
        super().__init__()
        self.deployed = ir.SumPool(kernel_size, stride, padding)  # type: ignore[arg-type]
        self.divisor = self.size if average else 1

    @property
    def size(self) -> int:
        """Values summed into one."""
        return self.deployed.kernel[0] * self.deployed.kernel[1]

    def scale(self, channels: int) -> NDArray[np.float64]:
        """Return one, or one over the window's size."""
        return np.full(channels, 1 / self.divisor)

    def forward(self, x: Tensor) -> Tensor:
        """Return (M, C, H_out, W_out)."""
        pool = self.deployed
        if pool.kernel == tuple(x.shape[2:]) and pool.padding == (0, 0):
            # torch's gradient of a pool to one place leaves channels-last memory, at the price of two copies.
            return x.sum((2, 3), keepdim=True) / self.divisor
        return F.avg_pool2d(x, pool.kernel, pool.steps, pool.padding, divisor_override=self.divisor)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Do nothing: any number of channels is pooled alike."""

    def to_ir(self) -> ir.SumPool:
        """Return `ir.SumPool`."""
        return self.deployed


class IdentitySynapse(SlayerSynapse):
    """Hands its input on: a skip connection, or an image that goes straight into neurons."""

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`."""
        return x

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Do nothing: any number of channels is handed on alike."""

    def to_ir(self) -> ir.Identity:
        """Return `ir.Identity`."""
        return ir.Identity()
