"""The neuron over time in plain torch: the definition that every other implementation equals."""

from __future__ import annotations

import torch
from torch import Tensor

from lava_spquant.slayer.layout import empty_time_major
from lava_spquant.slayer.neuron.op.backend import Drive, Gradient, compute_dtype
from lava_spquant.slayer.neuron.op.dynamics import Dynamics

__all__ = ["PlainBackend"]


class PlainBackend:
    """Any device, any dtype, any surrogate; see `Backend`."""

    name = "plain"

    def supports(self, z: Tensor, dynamics: Dynamics) -> bool:
        """Everything."""
        return True

    def forward(self, drive: Drive, dynamics: Dynamics) -> Tensor:
        """Return the spikes."""
        z = drive.currents[0]
        spikes = empty_time_major(z, drive.steps)
        v = torch.zeros_like(z[0], dtype=compute_dtype(z.dtype))
        for t in range(drive.steps):
            m = v * _spread(drive.keep, z) + _input(drive, t)
            s = dynamics.fire(m - 1)
            v = dynamics.store(dynamics.after(m, s))
            spikes[t] = s
        return spikes

    def backward(
        self, drive: Drive, dynamics: Dynamics, grad: Tensor, centres: tuple[Tensor, ...], parameters: bool
    ) -> Gradient:
        """Go back through time, on potentials computed anew.

        With `after = r(m, s)`, `v = Q(after)` and gv = dL/dv[t] from the step behind, where it is `keep * gm`:
        `ga = gv Q'(after)`, `gs = g[t] + ga dr/ds`, `gm = gs s'(m - 1) + ga dr/dm`, and dL/dx[t] = gm.
        """
        potentials, kept = _trajectory(drive, dynamics)
        keep = _spread(drive.keep, drive.currents[0])
        gv = torch.zeros_like(potentials[0])
        steps: list[Tensor] = []
        by_keep, by_threshold = torch.zeros_like(gv), torch.zeros_like(gv)
        for t in reversed(range(drive.steps)):
            m = potentials[t]
            s = dynamics.fire(m - 1)
            by_m, by_s = dynamics.after_slopes(m, s)
            ga = gv * dynamics.store_slope(dynamics.after(m, s))
            gs = (grad[t].to(m.dtype) + ga * by_s) * dynamics.fire_slope(m - 1)
            gm = gs + ga * by_m
            steps.append(gm)
            by_keep += gm * kept[t]
            by_threshold += gs * torch.sigmoid(m - 1) * (m >= 1)
            gv = gm * keep
        return _sums(drive, torch.stack(steps[::-1]), centres, (by_keep, by_threshold) if parameters else None)

    def moments(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and summed squares about it."""
        exact = z.double()
        mean = exact.mean(_others(z))
        return mean, (exact - _spread(mean, z)).square().sum(_others(z))

    def affine(self, x: Tensor, z: Tensor, factors: tuple[Tensor, Tensor, Tensor], out: Tensor) -> Tensor:
        """Write `a * x + b * z + c`."""
        a, b, c = (_spread(factor, x) for factor in factors)
        return out.copy_(x * a + z * b + c)


def _spread(values: Tensor, like: Tensor) -> Tensor:
    """Shape (C,) to broadcast over one step (N, C, ...) or all (T, N, C, ...) of `like`."""
    return values.reshape((-1,) + (1,) * (like.ndim - 3))


def _others(z: Tensor) -> list[int]:
    return [axis for axis in range(z.ndim) if axis != 2]


def _input(drive: Drive, t: int) -> Tensor:
    """Return x[t]."""
    step = 0 if drive.repeated else t
    products = [
        z[step].to(scale.dtype) * _spread(scale, z) for z, scale in zip(drive.currents, drive.scales, strict=True)
    ]
    x = products[0]
    for product in products[1:]:
        x = x + product
    return x + _spread(drive.shift, drive.currents[0])


def _trajectory(drive: Drive, dynamics: Dynamics) -> tuple[list[Tensor], list[Tensor]]:
    """Return m[t], and the v that was kept before each of them."""
    keep = _spread(drive.keep, drive.currents[0])
    potentials: list[Tensor] = []
    v = torch.zeros_like(_input(drive, 0))
    kept = []
    for t in range(drive.steps):
        kept.append(v)
        m = v * keep + _input(drive, t)
        potentials.append(m)
        v = dynamics.store(dynamics.after(m, dynamics.fire(m - 1)))
    return potentials, kept


def _sums(drive: Drive, x: Tensor, centres: tuple[Tensor, ...], parameters: tuple[Tensor, Tensor] | None) -> Gradient:
    total = x.sum(0, keepdim=True) if drive.repeated else x
    products = tuple(
        (total * (z - _spread(centre, z))).sum(_others(z), dtype=torch.float64)
        for z, centre in zip(drive.currents, centres, strict=True)
    )
    keep, threshold = (
        (None, None) if parameters is None else (p[None].sum(_others(x), dtype=torch.float64) for p in parameters)
    )
    result = empty_time_major(total, total.shape[0], drive.currents[0].dtype).copy_(total)
    return Gradient(result, total.sum(_others(x), dtype=torch.float64), products, keep, threshold)
