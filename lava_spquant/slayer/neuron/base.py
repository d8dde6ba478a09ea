"""What the neurons of training offer, and helpers over time-major tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer.stream import Stream

if TYPE_CHECKING:
    from lava_spquant.slayer.branch import Branch

__all__ = ["SlayerNeuron", "channelwise", "decay_toward_zero", "gradient_inside", "saturate"]

OPS: Any = getattr(torch, "ops")  # noqa: B009 (torch does not declare it)


class SlayerNeuron(nn.Module, ABC):
    """A neuron over time-major currents (T, N, C, ...).

    Attributes
    ----------
    shape : torch.Size or None
        Shape of one sample at one step, known after the first forward pass, as in SLAYER.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shape: torch.Size | None = None

    def forward(self, branches: Sequence[Branch], inputs: Sequence[Tensor]) -> Tensor:
        """Return the differentiable output (T, N, C, ...) for whole-number inputs (T, N, ...), one per branch."""
        current = branches[0].current(inputs[0])
        for branch, x in zip(branches[1:], inputs[1:], strict=True):
            current = current + branch.current(x)
        self.shape = current.shape[2:]
        return self.respond(current)

    @abstractmethod
    def respond(self, current: Tensor) -> Tensor:
        """Return the output for the float current of all branches, biases included."""

    def narrow(self, kept: Tensor) -> None:
        """Forget the other channels, int64 indices; a neuron with parameters per channel overrides it."""
        self.shape = None

    def to_wire(self, output: Tensor) -> Tensor:
        """Return the float tensor that `eval()` hands on for an integer output; whole numbers by default."""
        return output.to(torch.get_default_dtype())

    @abstractmethod
    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run the deployed integers.

        Parameters
        ----------
        block : ir.Block
            The block as exported: its neuron and bias are used.
        current : Tensor, int32, shape (T, N, C, ...)
            Sum of the rescaled branch currents, without bias.

        Returns
        -------
        dict of Tensor
            The first output by its name, and every state variable, int32, as `ir.reference` traces them.
        """

    @abstractmethod
    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold scales, batch-norm and threshold into integers and return the deployed block.

        Raises
        ------
        NetworkError
            If no integers within the limits represent it.
        """

    @abstractmethod
    def stream(self, reads: Stream) -> Stream:
        """Return what the neuron sends on, given what its first branch reads."""

    @property
    @abstractmethod
    def device_params(self) -> dict[str, Any]:
        """Deployed neuron parameters by the names that NetX files use."""


def channelwise(values: Tensor, ndim: int) -> Tensor:
    """Shape (C,) so that it broadcasts over a time-major tensor (T, N, C, ...) with `ndim` axes."""
    return values.reshape((-1,) + (1,) * (ndim - 3))


def decay_toward_zero(x: Tensor, decay: int) -> Tensor:
    """Return int32 `x * (4096 - decay) / 4096` rounded toward zero (numeric contract, rule 3)."""
    product = x.to(torch.int64) * (ir.limits.DECAY_UNITY - decay)
    return torch.div(product, ir.limits.DECAY_UNITY, rounding_mode="trunc").to(torch.int32)


def saturate(x: Tensor) -> Tensor:
    """Clip to the symmetric 24-bit range."""
    return x.clamp(-ir.limits.STATE_MAX, ir.limits.STATE_MAX)


def gradient_inside(gradient: Tensor, x: Tensor, low: float, high: float) -> Tensor:
    """Return `gradient` where `low < x < high`, else 0: one pass over memory where a product with a mask takes four."""
    result: Tensor = OPS.aten.hardtanh_backward(gradient, x, low, high)
    return result
