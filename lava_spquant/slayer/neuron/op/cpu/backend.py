"""The compiled implementation's side in Python."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lava_spquant.slayer.layout import channels_last, empty_time_major
from lava_spquant.slayer.neuron.op.backend import Drive, Gradient
from lava_spquant.slayer.neuron.op.cpu import _kernels as kernels
from lava_spquant.slayer.neuron.op.cpu import _layout as at
from lava_spquant.slayer.neuron.op.cpu.constants import SURROGATE_CODES, neuron_constants
from lava_spquant.slayer.neuron.op.cpu.parts import Parts, flat
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.neuron.op.plain import PlainBackend

__all__ = ["CpuBackend"]

CURRENTS_MAX = 2
"""Kernels add up at most two currents; the definition runs what is wider."""


class CpuBackend:
    """CPU, float32 and bfloat16, the surrogates of this package; see `Backend`.

    A block of neurons is taken through all steps in the cache: memory is read and written once. What runs is
    compiled at its first use, and then loaded from a cache on disk.
    """

    name = "compiled"

    def supports(self, z: Tensor, dynamics: Dynamics) -> bool:
        """See the class."""
        known = type(dynamics) is Dynamics and type(dynamics.surrogate) in SURROGATE_CODES
        return known and z.device.type == "cpu" and z.dtype in (torch.float32, torch.bfloat16)

    def forward(self, drive: Drive, dynamics: Dynamics) -> Tensor:
        """Return the spikes."""
        if len(drive.currents) > CURRENTS_MAX:
            return PlainBackend().forward(drive, dynamics)
        call = _Call(drive, dynamics)
        spikes = empty_time_major(drive.currents[0], drive.steps)
        out = flat(spikes)

        def work(arena: NDArray[np.float32], part: int, start: int, stop: int) -> None:
            kernels.forward(*call.currents, out, *call.common, arena, start, stop)

        call.parts.run(at.POTENTIAL + at.BLOCK, work)
        return spikes

    def backward(
        self, drive: Drive, dynamics: Dynamics, grad: Tensor, centres: tuple[Tensor, ...], parameters: bool
    ) -> Gradient:
        """Go back through time."""
        if len(drive.currents) > CURRENTS_MAX:
            return PlainBackend().backward(drive, dynamics, grad, centres, parameters)
        call = _Call(drive, dynamics, centres, parameters)
        parts, z = call.parts, drive.currents[0]
        result = empty_time_major(z, z.shape[0])
        g, out = flat(channels_last(grad)), flat(result)
        sums = np.zeros((len(parts.bounds), at.SUMS, parts.period))
        lines = sums.reshape(len(sums), sums.shape[1] * parts.period)

        def work(arena: NDArray[np.float32], part: int, start: int, stop: int) -> None:
            kernels.backward(*call.currents, g, out, lines[part], *call.common, arena, start, stop)

        parts.run(at.POTENTIAL + (1 + parameters) * drive.steps * at.BLOCK, work)
        shift, first, second, keep, threshold = parts.gather(sums)
        products = (first, second)[: len(drive.currents)]
        return Gradient(result, shift, products, keep if parameters else None, threshold if parameters else None)

    def moments(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and summed squares about it; sums run over distances from the first place's values."""
        line = flat(channels_last(z))
        parts = Parts(z.shape[2], line.size)
        if not line.size:
            return torch.zeros(z.shape[2], dtype=torch.float64), torch.zeros(z.shape[2], dtype=torch.float64)
        first = z.movedim(2, -1).reshape(-1, z.shape[2])[0].to(torch.float32)
        pivot = parts.table([first])
        sums = np.zeros((len(parts.bounds), 2, parts.period))
        lines = sums.reshape(len(sums), sums.shape[1] * parts.period)

        def work(arena: NDArray[np.float32], part: int, start: int, stop: int) -> None:
            kernels.moments(line, pivot, lines[part], line.size, parts.period, start, stop, arena)

        parts.run(2 * parts.period, work)
        total, squares = parts.gather(sums)
        count = line.size // z.shape[2]
        return first.double() + total / count, (squares - total**2 / count).clamp(min=0)

    def affine(self, x: Tensor, z: Tensor, factors: tuple[Tensor, Tensor, Tensor], out: Tensor) -> Tensor:
        """Write `a * x + b * z + c`."""
        arrays = [flat(x), flat(z)]
        parts = Parts(x.shape[2], arrays[0].size)
        table = parts.table(list(factors))
        in_place = out.data_ptr() == x.data_ptr()
        if not in_place:
            arrays.append(flat(out))
        kernel = kernels.affine_in_place if in_place else kernels.affine

        def work(arena: NDArray[np.float32], part: int, start: int, stop: int) -> None:
            kernel(*arrays, table, arrays[0].size, parts.period, start, stop)

        parts.run(1, work)
        return out


class _Call:
    """Arguments that both passes share."""

    def __init__(
        self, drive: Drive, dynamics: Dynamics, centres: tuple[Tensor, ...] = (), parameters: bool = False
    ) -> None:
        z = drive.currents[0]
        self.parts = Parts(z.shape[2], z[0].numel(), drive.steps)
        self.currents = (flat(z), flat(drive.currents[-1]))
        none = torch.zeros_like(drive.shift)
        scales, middles = (tuple(given) + (none,) * (2 - len(given)) for given in (drive.scales, centres))
        table = self.parts.table([*scales, drive.shift, drive.keep, *middles])
        codes, real = neuron_constants(dynamics)
        whole = np.array([*codes, len(drive.currents), drive.repeated, parameters])
        sizes = np.array([drive.steps, self.parts.length, self.parts.period])
        self.common = (sizes, table, whole, real)
