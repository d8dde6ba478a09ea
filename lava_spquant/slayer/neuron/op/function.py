"""The neuron over time as one differentiable operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lava_spquant.slayer.layout import channels_last
from lava_spquant.slayer.neuron.op.backend import Backend, Drive, Gradient, compute_dtype
from lava_spquant.slayer.neuron.op.choice import choose
from lava_spquant.slayer.neuron.op.current import Current, Statistics
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.norm import sum_over_processes

__all__ = ["lif"]


@torch.compiler.disable  # type: ignore[misc,unused-ignore]
def lif(
    currents: Sequence[Current],
    dynamics: Dynamics,
    threshold: Tensor | float = 1.0,
    keep: Tensor | float = 0.5,
    steps: int | None = None,
    backend: Backend | None = None,
) -> Tensor:
    """Leak, integrate, spike, reset and quantise over all steps.

    `m = keep * v + I / threshold`, `s = 1[m > 1]`, reset, `v = Q(m)`. Backward computes the potentials anew from
    the currents' z, so that these are all that is kept.

    Parameters
    ----------
    currents : sequence of Current
        They add up.
    dynamics : Dynamics
    threshold : Tensor or float
        In units of the current, () or (C,). Its gradient is that of LT-SNN's separate path,
        `-sum g * tri(v) * sigmoid(v) * 1[v >= 0]` with v = m - 1 and the surrogate in the triangle's place, over the
        threshold; the current's scale does not add to it.
    keep : Tensor or float
        Share of the potential left after one step, () or (C,).
    steps : int or None
        T; by default the length of the currents. Currents of length 1 are the same at every step.
    backend : Backend or None
        By default, see `choose`.

    Returns
    -------
    Tensor, (T, N, C, ...)
        Spikes, 0 or 1, channels-last, in the dtype of the currents.
    """
    flat: list[Any] = []
    length = max(c.z.shape[0] for c in currents)
    dtype = currents[0].z.dtype
    for c in currents:
        z = c.z.to(dtype)
        # One that is the same at every step beside one that is not is written out.
        flat += [channels_last(z if z.shape[0] == length else z.expand(length, *z.shape[1:])), c.gain, c.offset]
    spec = _Spec(
        tuple(c.factor for c in currents),
        tuple(c.statistics for c in currents),
        dynamics,
        length if steps is None else steps,
        backend or choose(flat[0], dynamics),
        tuple(
            c.gain is None and c.statistics is None and not isinstance(threshold, Tensor) and threshold == c.factor
            for c in currents
        ),
    )
    like = {"dtype": torch.float64, "device": flat[0].device}
    # `torch.tensor` would copy from the host, for which a GPU is waited for.
    threshold, keep = (v if isinstance(v, Tensor) else torch.full((), v, **like) for v in (threshold, keep))
    result: Tensor = _Lif.apply(spec, threshold, keep, *flat)
    return result


@dataclass(frozen=True, eq=False)
class _Spec:
    """What is no tensor that a gradient could be wanted for."""

    factors: tuple[float, ...]
    statistics: tuple[Statistics | None, ...]
    dynamics: Dynamics
    steps: int
    backend: Backend
    unit: tuple[bool, ...]
    """Per current, whether its scale is known to be 1."""

    def drive(self, threshold: Tensor, keep: Tensor, flat: Sequence[Any]) -> Drive:
        """Fold factor, batch-norm, gain, offset and threshold into one scale per current and one shift."""
        zs = flat[::3]
        channels, dtype = zs[0].shape[2], compute_dtype(zs[0].dtype)
        shift = torch.zeros(channels, dtype=torch.float64, device=zs[0].device)
        scales = []
        for index, factor in enumerate(self.factors):
            gain, offset = flat[3 * index + 1 : 3 * index + 3]
            slope = torch.ones_like(shift) if gain is None else gain.double()
            known = self.statistics[index]
            if known is not None:
                slope = slope * known.inverse
                shift = shift - slope * known.mean
            if offset is not None:
                shift = shift + offset.double()
            scales.append((slope * factor / threshold).to(dtype))
        return Drive(
            tuple(zs),
            tuple(scales),
            (shift / threshold).to(dtype),
            keep.to(dtype).expand(channels).contiguous(),
            self.steps,
        )

    def centres(self, drive: Drive) -> tuple[Tensor, ...]:
        """Return per current the mean of z, or 0 where none is taken away."""
        return tuple(
            torch.zeros_like(drive.shift) if known is None else (known.mean / factor).to(drive.shift.dtype)
            for known, factor in zip(self.statistics, self.factors, strict=True)
        )


class _Lif(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spec: _Spec, threshold: Tensor, keep: Tensor, *flat: Any) -> Tensor:
        ctx.spec = spec
        ctx.save_for_backward(threshold, keep, *flat)
        drive = spec.drive(threshold, keep, flat)
        ctx.folded = replace(drive, currents=())
        return spec.backend.forward(drive, spec.dynamics)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        threshold, keep, *flat = ctx.saved_tensors
        spec: _Spec = ctx.spec
        drive = replace(ctx.folded, currents=tuple(flat[::3]))
        wants_threshold, wants_keep = ctx.needs_input_grad[1:3]
        found = spec.backend.backward(
            drive, spec.dynamics, grads[0], spec.centres(drive), parameters=wants_threshold or wants_keep
        )
        by_threshold = by_keep = None
        if wants_threshold and found.threshold is not None:
            by_threshold = _gathered(-found.threshold / threshold, threshold)
        if wants_keep and found.keep is not None:
            by_keep = _gathered(found.keep, keep)
        result: list[Any] = [None, by_threshold, by_keep]
        for index in range(len(spec.factors)):
            wants = ctx.needs_input_grad[3 + 3 * index : 6 + 3 * index]
            result += _current_gradients(spec, drive, found, index, threshold, flat[3 * index : 3 * index + 3], wants)
        return tuple(result)


def _gathered(gradient: Tensor, parameter: Tensor) -> Tensor:
    """Return a gradient (C,) in the parameter's shape and dtype."""
    return gradient.sum_to_size(parameter.shape).to(parameter.dtype)


def _current_gradients(
    spec: _Spec,
    drive: Drive,
    found: Gradient,
    index: int,
    threshold: Tensor,
    flat: Sequence[Any],
    wants: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of z, gain and offset."""
    _, gain, offset = flat
    factor, known = spec.factors[index], spec.statistics[index]
    along = found.scales[index] * factor
    if known is not None:
        along = along * known.inverse
    # Two collectives at most, whatever gradients are wanted, so that all processes take the same.
    by_z = _input_gradient(spec, drive, found, index, known) if wants[0] else None
    by_gain = _gathered(along / threshold, gain) if wants[1] else None
    by_offset = _gathered(found.shift / threshold, offset) if wants[2] else None
    return [by_z, by_gain, by_offset]


def _input_gradient(spec: _Spec, drive: Drive, found: Gradient, index: int, known: Statistics | None) -> Tensor:
    """Return dL/dz, through the batch statistics too.

    With p and q the means of dL/dx and of dL/dx times the normalised z, `dL/dz = scale * (dL/dx - p - z_norm * q)`.
    """
    z, scale = drive.currents[index], drive.scales[index]
    last = index + 1 == len(drive.currents)
    out = found.x if last else torch.empty_like(found.x)
    if known is None or known.count == 0:
        if last and spec.unit[index]:
            return found.x
        return torch.mul(found.x, scale.reshape((-1,) + (1,) * (z.ndim - 3)), out=out)
    factor = spec.factors[index]
    sums = torch.stack([found.shift, found.scales[index] * (factor * known.inverse) ** 2])
    if known.spread:
        sums = sum_over_processes(sums)
    p, q = sums / known.count
    a = scale.double()
    factors = (scale, (-a * q).to(scale.dtype), (a * (q * known.mean / factor - p)).to(scale.dtype))
    return spec.backend.affine(found.x, z, factors, out)
