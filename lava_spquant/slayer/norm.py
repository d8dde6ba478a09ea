"""Batch-norm whose statistics are those of the whole batch, over however many processes it is spread.

`torch.nn.SyncBatchNorm` does this on GPUs only. Here the collectives are those of whichever backend the process group
has (gloo, NCCL), so that two CPU processes learn what one would.

An operation of another kind that contains a batch-norm takes the same three steps: where `spans_processes()` says so,
`merge_moments` what each process counted, remember that this was done, and pass both sums of the backward pass
through `sum_over_processes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.autograd.function import once_differentiable
from torch.nn.functional import batch_norm

__all__ = [
    "BatchNorm",
    "meeting_device",
    "merge_moments",
    "on_the_whole_batch",
    "renormalise",
    "spans_processes",
    "sum_over_processes",
]

_whole_batch = False


@torch.no_grad()
def renormalise(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give every batch-norm the statistics of these inputs instead of its running ones; nothing is trained.

    Parameters
    ----------
    model : torch.nn.Module
        Left in the mode that it was in.
    batches : iterable of Tensor
        Inputs of the model; each counts alike.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    momenta, mode = [norm.momentum for norm in norms], model.training
    device = next(model.parameters(), torch.empty(0)).device
    for norm in norms:
        norm.reset_running_stats()
        setattr(norm, "momentum", None)  # noqa: B010 (torch declares a number, and takes None for the mean of all)
    model.train()
    try:
        for batch in batches:
            model(batch.to(device))
    finally:
        model.train(mode)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


@contextmanager
def on_the_whole_batch() -> Iterator[None]:
    """Declare that every process computes one and the same batch, whose statistics it then has by itself."""
    global _whole_batch  # noqa: PLW0603 (a process has one process group, and so one answer)
    before, _whole_batch = _whole_batch, True
    try:
        yield
    finally:
        _whole_batch = before


def spans_processes() -> bool:
    """Say whether a batch is spread over several processes."""
    return not _whole_batch and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def sum_over_processes(values: Tensor) -> Tensor:
    """Return the sum of every process's `values`, the same in all of them; without gradients.

    Every process has to call it, with tensors of one shape and dtype, and in the same order as other collectives.
    Without a process group it is `values`. Values may lie on any device, and the sum lies there too.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return values
    total = values.detach().to(meeting_device(values.device), copy=True)
    dist.all_reduce(total)
    return total.to(values.device)


def meeting_device(own: torch.device) -> torch.device:
    """Return where collectives take values that lie on `own`.

    NCCL knows GPUs only, and Lightning moves the module to the CPU when a training ends, in front of what is still
    saved then. Each process has chosen its GPU long before.
    """
    return torch.device("cuda") if own.type == "cpu" and dist.get_backend() == "nccl" else own


def merge_moments(mean: Tensor, squares: Tensor, count: int) -> tuple[Tensor, Tensor, int]:
    """Return the moments of the whole batch from those of its parts.

    Sums of squares about each part's own mean are merged (Chan, Golub and LeVeque 1983), in float64: a sum of raw
    squares would cancel where the mean is large beside the spread.

    Parameters
    ----------
    mean, squares : Tensor, (C,)
        This process's mean, and its sum of squared distances from it.
    count : int
        Values per channel in this process.

    Returns
    -------
    mean, squares : Tensor, (C,)
        Of all processes' values, in the dtype that came in; bit for bit the same in every process.
    count : int
    """
    channels = mean.numel()
    own = torch.cat([mean.double(), squares.double(), mean.new_tensor([count], dtype=torch.float64)])
    parts = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, own)
    means, sums, counts = torch.stack(parts).split([channels, channels, 1], dim=1)
    total = counts.sum()
    centre = (counts * means).sum(0) / total
    spread = (sums + counts * (means - centre) ** 2).sum(0)
    return centre.to(mean.dtype), spread.to(squares.dtype), int(total.item())


class BatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d`, but that training's statistics span all processes.

    Parameters, buffers, numbers in one process, and `eval()` are those of the base class. A batch with one value per
    channel has no spread: it is normalised by the running statistics, which stay as they are.

    Raises
    ------
    ValueError
        In training, if all processes together hold one value per channel, and there are no running statistics yet.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, (N, C), (N, C, L) or (N, C, H, W), normalised per channel, in its own memory format."""
        if not self.training:
            return super().forward(x)
        self._check_input_dim(x)
        if not spans_processes():
            return super().forward(x) if x.numel() > x.shape[1] else self._without_spread(x)
        normalised: tuple[Tensor, Tensor, Tensor, int] = _SpreadNorm.apply(x, self.weight, self.bias, self.eps)
        y, mean, squares, count = normalised
        if count <= 1:
            return self._without_spread(x)
        self.track(mean, squares / (count - 1))
        return y

    def _without_spread(self, x: Tensor) -> Tensor:
        self.check_stand_in()
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)

    def check_stand_in(self) -> None:
        """Check that running statistics can stand in for those of a batch with one value per channel.

        Raises
        ------
        ValueError
            If there are none: before the first larger batch, and while `renormalise` takes them anew.
        """
        known = self.num_batches_tracked is not None and int(self.num_batches_tracked) > 0
        # Without a momentum they are a mean over batches, in which this one would be missing unseen.
        if not known or self.momentum is None:
            raise ValueError(
                "batch-norm: found 1 value per channel, expected at least 2 in training: more samples in a batch, or "
                "more time steps"
            )

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 (torch's name)
        if input.dim() not in (2, 3, 4):
            raise ValueError(f"batch-norm: found a tensor of {input.dim()} axes, expected 2, 3 or 4")

    @torch.no_grad()
    def track(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards a batch's mean and unbiased variance, (C,)."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


class _SpreadNorm(torch.autograd.Function):
    """Normalise over all processes' values, with the gradient through their common statistics."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, int]:
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        axes = [axis for axis in range(x.ndim) if axis != 1]
        variance, mean = torch.var_mean(exact, axes, unbiased=False)
        own = x.numel() // x.shape[1]
        mean, squares, count = merge_moments(mean, variance * own, own)
        inverse = torch.rsqrt(squares / count + eps)
        y = (exact - _channels(mean, x)) * _channels(inverse, x)
        if weight is not None:
            y = y * _channels(weight, x)
        if bias is not None:
            y = y + _channels(bias, x)
        ctx.save_for_backward(x, weight, mean, inverse)
        ctx.count, ctx.axes = count, axes
        ctx.mark_non_differentiable(mean, squares)
        return y.to(x.dtype), mean, squares, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        x, weight, mean, inverse = ctx.saved_tensors
        standard = (x.to(mean.dtype) - _channels(mean, x)) * _channels(inverse, x)
        dy = gradients[0].to(mean.dtype)
        sums = torch.stack([dy.sum(ctx.axes), (dy * standard).sum(ctx.axes)])
        # The parameters' gradients stay this process's own: those of all parameters are averaged later.
        d_weight = sums[1] if ctx.needs_input_grad[1] else None
        d_bias = sums[0] if ctx.needs_input_grad[2] else None
        plain, along = sum_over_processes(sums) / ctx.count
        factor = inverse if weight is None else inverse * weight
        dx = (dy - _channels(plain, x) - standard * _channels(along, x)) * _channels(factor, x)
        return dx.to(x.dtype), d_weight, d_bias, None


def _channels(values: Tensor, like: Tensor) -> Tensor:
    """Shape (C,) to broadcast along axis 1."""
    return values.reshape((1, -1) + (1,) * (like.ndim - 2))
