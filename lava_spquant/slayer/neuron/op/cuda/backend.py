"""The kernels behind the interface that all implementations share."""

from __future__ import annotations

import logging
import os
import shutil
from functools import cache

import torch
from torch import Tensor

from lava_spquant.slayer.layout import empty_time_major, rows
from lava_spquant.slayer.neuron.op.backend import Drive, Gradient
from lava_spquant.slayer.neuron.op.cuda import _backward, _forward, _norm
from lava_spquant.slayer.neuron.op.cuda.constants import (
    SURROGATE_CONSTANTS,
    backward_constants,
    forward_constants,
    history_constants,
)
from lava_spquant.slayer.neuron.op.cuda.launch import launch
from lava_spquant.slayer.neuron.op.cuda.tiling import Tiling
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.neuron.op.plain import PlainBackend

__all__ = ["CudaBackend"]

log = logging.getLogger(__name__)

_OLDEST = {torch.float32: (7, 0), torch.float16: (7, 0), torch.bfloat16: (8, 0)}
"""The oldest compute capability that Triton compiles for, by dtype."""

_BRANCHES = 2
"""Currents that a kernel adds up; more are rare, and left to plain torch."""


class CudaBackend:
    """NVIDIA GPUs; float32, bfloat16 and float16; the surrogates of this package. See `Backend`."""

    name = "triton"

    def supports(self, z: Tensor, dynamics: Dynamics) -> bool:
        """Say whether kernels exist for this device, dtype and surrogate."""
        if not (z.is_cuda and z.dtype in _OLDEST and torch.version.hip is None):
            return False
        known = type(dynamics) is Dynamics and type(dynamics.surrogate) in SURROGATE_CONSTANTS
        return known and _capability(z.device) >= _OLDEST[z.dtype] and _has_compiler()

    def forward(self, drive: Drive, dynamics: Dynamics) -> Tensor:
        """Return the spikes."""
        if len(drive.currents) > _BRANCHES:
            return PlainBackend().forward(drive, dynamics)
        spikes = empty_time_major(drive.currents[0], drive.steps)
        _run_forward(drive, dynamics, spikes=rows(spikes))
        return spikes

    def backward(
        self, drive: Drive, dynamics: Dynamics, grad: Tensor, centres: tuple[Tensor, ...], parameters: bool
    ) -> Gradient:
        """Return the gradients."""
        if len(drive.currents) > _BRANCHES:
            return PlainBackend().backward(drive, dynamics, grad, centres, parameters)
        z = drive.currents[0]
        x_grad = empty_time_major(z, z.shape[0])
        sums = _run_backward(drive, dynamics, rows(grad), centres, parameters, rows(x_grad)).sum(1, dtype=torch.float64)
        shift, *scales = sums[: 1 + len(centres)]
        keep, threshold = sums[1 + len(centres) :] if parameters else (None, None)
        return Gradient(x_grad, shift, tuple(scales), keep, threshold)

    def moments(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and summed squares about it; tiles are merged as Chan, Golub and LeVeque (1983) do."""
        places = rows(z).flatten(0, 1)
        tiling = Tiling.of(places)
        sums = torch.empty(2, *tiling.sums_shape, dtype=torch.float32, device=z.device)
        launch(_norm.moments, tiling, (places, sums), {})
        total, squares = sums.double()
        counts = tiling.counts(z.device)
        mean = total.sum(0) / tiling.rows
        return mean, (squares + counts * (total / counts - mean) ** 2).sum(0)

    def affine(self, x: Tensor, z: Tensor, factors: tuple[Tensor, Tensor, Tensor], out: Tensor) -> Tensor:
        """Write `a * x + b * z + c`."""
        places = rows(x).flatten(0, 1)
        launch(_norm.affine, Tiling.of(places), (places, rows(z), *factors, rows(out)), {})
        return out


@cache
def _capability(device: torch.device) -> tuple[int, int]:
    return torch.cuda.get_device_capability(device)


@cache
def _has_compiler() -> bool:
    """Say whether there is the C compiler with which Triton builds what launches a kernel."""
    found = "CC" in os.environ or any(map(shutil.which, ("gcc", "clang")))
    if not found:
        log.warning("neurons run without Triton, which needs a C compiler: found none, expected gcc, clang or CC")
    return found


def _inputs(drive: Drive) -> tuple[list[Tensor], int, Tiling]:
    """Return what both kernels begin with: currents, scales, shift, keep; the stride of a step; and the tiling.

    With one current, it stands in for the second, which is then never read.
    """
    currents = [rows(z) for z in drive.currents]
    tiling = Tiling.of(currents[0][0])
    pairs = [(*values, values[0])[:_BRANCHES] for values in (currents, drive.scales)]
    stride = 0 if drive.repeated else tiling.size
    return [*pairs[0], *pairs[1], drive.shift, drive.keep], stride, tiling


def _run_forward(drive: Drive, dynamics: Dynamics, spikes: Tensor | None = None, kept: Tensor | None = None) -> None:
    """Fill `spikes` and `kept`, what each step starts from, (T, places, C)."""
    inputs, stride, tiling = _inputs(drive)
    constants = {
        "BRANCHES": len(drive.currents),
        "SPIKES": spikes is not None,
        "KEPT": kept is not None,
        **forward_constants(dynamics),
    }
    launch(_forward.forward, tiling, (*inputs, spikes, kept, drive.steps, stride, tiling.size), constants)


def _run_backward(
    drive: Drive, dynamics: Dynamics, grad: Tensor, centres: tuple[Tensor, ...], parameters: bool, x_grad: Tensor
) -> Tensor:
    """Fill `x_grad`, and return each tile's sums, float32 (kinds, tiles, C)."""
    inputs, stride, tiling = _inputs(drive)
    history = history_constants(dynamics, drive.steps)
    kept = None
    if not history["BITS"]:
        kept = torch.empty(grad.shape, dtype=torch.float32, device=grad.device)
        _run_forward(drive, dynamics, kept=kept)
    kinds = 1 + len(centres) + 2 * parameters
    sums = torch.empty(kinds, *tiling.sums_shape, dtype=torch.float32, device=grad.device)
    constants = {
        "BRANCHES": len(drive.currents),
        "PARAMETERS": parameters,
        "REPEATED": drive.repeated,
        **history,
        **backward_constants(dynamics),
    }
    last = (grad[-1], None if kept is None else kept[-1], x_grad[-1])
    pair = (*centres, centres[0])[:_BRANCHES]
    launch(_backward.backward, tiling, (*inputs, *pair, *last, sums, drive.steps, stride, tiling.size), constants)
    return sums
