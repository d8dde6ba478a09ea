"""What every implementation of the neuron over time offers; `plain` defines what each function returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lava_spquant.slayer.neuron.op.dynamics import Dynamics

__all__ = ["Backend", "Drive", "Gradient", "compute_dtype"]


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of membrane potentials: float64 for float64, else float32."""
    return torch.float64 if dtype == torch.float64 else torch.float32


@dataclass(frozen=True, eq=False)
class Drive:
    """The neurons' input and leak: `x[t] = z_1[t] * scale_1 + ... + z_k[t] * scale_k + shift`, thresholds at 1.

    Products are added from left to right, the shift last, every product and sum rounded by itself.

    Attributes
    ----------
    currents : tuple of Tensor
        z_1, ..., z_k, each (T or 1, N, C, ...), channels-last memory, of one dtype: float64, float32, bfloat16 or
        float16. All have length T, or all have length 1: then every step has the same input.
    scales : tuple of Tensor
        One per current, (C,), of `compute_dtype`, contiguous.
    shift : Tensor
        (C,), likewise.
    keep : Tensor
        Share of the potential that is left after one step, (C,), likewise.
    steps : int
        T.
    """

    currents: tuple[Tensor, ...]
    scales: tuple[Tensor, ...]
    shift: Tensor
    keep: Tensor
    steps: int

    @property
    def repeated(self) -> bool:
        """Whether one input stands for every step."""
        return self.currents[0].shape[0] != self.steps


@dataclass(frozen=True, eq=False)
class Gradient:
    """What the backward pass over time returns; sums run over T, N and places.

    Attributes
    ----------
    x : Tensor
        dL/dx in the shape, dtype and memory layout of the currents; summed over time where one input stands for
        every step.
    shift : Tensor
        sum dL/dx, float64 (C,).
    scales : tuple of Tensor
        Per current, sum dL/dx * (z - centre), float64 (C,).
    keep : Tensor or None
        sum dL/dm[t] * v[t-1], float64 (C,); None where it was not asked for.
    threshold : Tensor or None
        sum g * ds/dx * sigmoid(m - 1) * 1[m >= 1], float64 (C,), where g is everything that arrives at the spike,
        through the reset too; None where it was not asked for.
    """

    x: Tensor
    shift: Tensor
    scales: tuple[Tensor, ...]
    keep: Tensor | None
    threshold: Tensor | None


class Backend(Protocol):
    """An implementation."""

    @property
    def name(self) -> str:
        """How `use` and the log call it."""
        ...

    def supports(self, z: Tensor, dynamics: Dynamics) -> bool:
        """Say whether it runs for an input current of this device and dtype, with this surrogate and membrane."""
        ...

    def forward(self, drive: Drive, dynamics: Dynamics) -> Tensor:
        """Return spikes, (T, N, C, ...), channels-last, in the dtype of the currents.

        Per step `m = v * keep + x[t]`, `s = 1[m - 1 > 0]`, reset, `v = Q(after)`; v starts at 0. The numbers are
        the same in every backend, bit for bit.
        """
        ...

    def backward(
        self, drive: Drive, dynamics: Dynamics, grad: Tensor, centres: tuple[Tensor, ...], parameters: bool
    ) -> Gradient:
        """Return the gradients; potentials are computed anew from the drive.

        Parameters
        ----------
        drive, dynamics
            As in the forward pass.
        grad : Tensor
            dL/ds, (T, N, C, ...), any memory layout, dtype of the spikes.
        centres : tuple of Tensor
            Per current, (C,) of `compute_dtype`: what is subtracted from z before it is multiplied and summed,
            so that sums do not cancel.
        parameters : bool
            Whether `keep` and `threshold` are asked for.
        """
        ...

    def moments(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return per channel the mean of z (any, N, C, ...) and the sum of squared distances from it, float64 (C,)."""
        ...

    def affine(self, x: Tensor, z: Tensor, factors: tuple[Tensor, Tensor, Tensor], out: Tensor) -> Tensor:
        """Write `a * x + b * z + c` per channel to `out` and return it.

        Parameters
        ----------
        x, z, out : Tensor
            (any, N, C, ...) of one shape, dtype and channels-last memory; `out` may be x itself.
        factors : tuple of Tensor
            a, b and c, each (C,) of `compute_dtype`.
        """
        ...
