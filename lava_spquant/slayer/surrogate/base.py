"""The spike function and what every surrogate gradient offers."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = ["Surrogate", "positive", "spike"]


class Surrogate(Protocol):
    """A frozen dataclass with the derivative that stands in for the step function's.

    The argument `x` is the membrane potential's distance from the threshold in units of the
    threshold, `(m - vth) / vth`.
    """

    def derivative(self, x: Tensor) -> Tensor:
        """Return ds/dx elementwise."""
        ...


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(x)
        ctx.surrogate = surrogate
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grads[0] * ctx.surrogate.derivative(x), None


def spike(x: Tensor, surrogate: Surrogate) -> Tensor:
    """Return 1 where `x > 0` and 0 elsewhere, with the surrogate's gradient.

    Parameters
    ----------
    x : Tensor
        `(m - vth) / vth`.
    surrogate : Surrogate

    Returns
    -------
    Tensor
        0 or 1 in the dtype of `x`.
    """
    result: Tensor = _Spike.apply(x, surrogate)
    return result


def positive(value: float, where: str, what: str) -> None:
    """Raise `ValueError` unless `value` is positive."""
    if not value > 0:
        raise ValueError(f"{where}: {what}: found {value}, expected a positive number")
