"""A branch in training: synapse, scale of what it reads, and batch-norm."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer.layout import is_repeated
from lava_spquant.slayer.norm import BatchNorm
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import SlayerSynapse

__all__ = ["Branch"]


class Branch(nn.Module):
    """One input of a block: `current = norm(scale * synapse(x)) + bias`.

    Parameters
    ----------
    synapse : SlayerSynapse
    out_channels : int or None
        None where they are the input's: pools and skip connections.
    batch_norm : bool
        Normalise each channel over batch, time and space; folded into gain and bias at export.
    bias : bool
        Learn a bias per channel; needless beside batch-norm.
    reads : Stream
        Range and scale of the whole numbers that arrive.
    """

    bias: Tensor | None

    def __init__(
        self,
        synapse: SlayerSynapse,
        out_channels: int | None,
        *,
        batch_norm: bool = False,
        bias: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        super().__init__()
        self.synapse = synapse
        self._out_channels = out_channels
        width = out_channels or 0
        self.norm = BatchNorm(width) if batch_norm else None
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None
        self.set_reads(reads)

    @property
    def out_channels(self) -> int:
        """Channels of the current.

        Raises
        ------
        RuntimeError
            If they follow the input's and no input has been seen yet.
        """
        if self._out_channels is None:
            raise RuntimeError("branch: channels are those of its input, and no input has been seen yet")
        return self._out_channels

    def fit(self, input_shape: tuple[int, ...]) -> None:
        """Learn the input's shape (C, ...), from which a pool or identity takes its channels."""
        if self._out_channels is None:
            self._out_channels = int(input_shape[0])
        self.synapse.fit(input_shape)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Forget channels: stay with output channels `rows` and input values `columns`, int64 indices."""
        self.synapse.narrow(rows, columns)
        if self._out_channels is not None:
            self._out_channels = len(rows)
        if self.bias is not None:
            self.bias = nn.Parameter(self.bias.detach()[rows])
        if self.norm is not None:
            self.norm.num_features = len(rows)
            self.norm.weight, self.norm.bias = (
                nn.Parameter(p.detach()[rows]) for p in (self.norm.weight, self.norm.bias)
            )
            for name in ("running_mean", "running_var"):
                setattr(self.norm, name, getattr(self.norm, name)[rows])

    def set_reads(self, reads: Stream) -> None:
        """Declare what arrives; a container calls it with the preceding block's stream."""
        self.reads = reads
        low, high = reads.proven
        self.synapse.reads(max(-low, high))

    def accumulate(self, x: Tensor) -> Tensor:
        """Return float accumulators (T, N, C, ...) for whole numbers (T, N, ...), not scaled."""
        acc: Tensor = self.synapse(x.flatten(0, 1))
        return acc.unflatten(0, x.shape[:2])

    def scaled(self, x: Tensor) -> Tensor:
        """Return accumulators times the scale of what was read, before batch-norm."""
        acc = self.accumulate(x)
        return acc if self.reads.scale == 1 else acc * self.reads.scale

    def current(self, x: Tensor) -> Tensor:
        """Return the float current (T, N, C, ...) with gradients."""
        if is_repeated(x):
            # One pass serves all steps of a static image.
            once = self.current(x[:1])
            return once.expand(x.shape[0], *once.shape[1:])
        return self.normalise(self.scaled(x))

    def normalise(self, z: Tensor) -> Tensor:
        """Apply batch-norm over all but the channel axis, and the bias."""
        if self.norm is not None:
            flat = z.flatten(0, 1)
            # Flat places would leave channels-last memory, and a norm of the user's may know no others.
            known = flat.ndim == 2 or type(self.norm) is BatchNorm
            z = self.norm(flat if known else flat.flatten(2)).reshape(z.shape)
        if self.bias is not None:
            z = z + self.bias.reshape((-1,) + (1,) * (z.ndim - 3))
        return z

    def affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (factor, offset), float64 (C,): the current is `factor * accumulator + offset`."""
        factor = self.synapse.scale(self.out_channels) * self.reads.scale
        offset = np.zeros(self.out_channels)
        if self.norm is not None:
            mean, var, gamma, beta = (
                t.detach().cpu().numpy().astype(np.float64)
                for t in (self.norm.running_mean, self.norm.running_var, self.norm.weight, self.norm.bias)
                if t is not None
            )
            slope = gamma / np.sqrt(var + self.norm.eps)
            with np.errstate(invalid="ignore"):  # the fold refuses what is not finite, by name
                factor, offset = factor * slope, beta - mean * slope
        if self.bias is not None:
            offset = offset + self.bias.detach().cpu().numpy().astype(np.float64)
        return factor, offset

    def to_ir_synapse(self, where: str) -> ir.Synapse:
        """Return the deployed synapse.

        Raises
        ------
        NetworkError
            Naming `where`, if a weight is NaN or infinite.
        """
        self.synapse.check(where)
        return self.synapse.to_ir()

    def acc_bound(self, synapse: ir.Synapse) -> NDArray[np.int64]:
        """Return the largest magnitude of each channel's accumulator, int64 (C,) or (1,)."""
        low, high = synapse.acc_bounds(self.reads.proven)
        return np.maximum(-low, high).astype(np.int64)
