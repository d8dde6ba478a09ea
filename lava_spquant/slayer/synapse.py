"""Synapses in training: float weights, seen through a quantiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from lava_spquant import ir
from lava_spquant.slayer.byte_conv import byte_conv, byte_conv_fits
from lava_spquant.slayer.quant import FullPrecision, QuantisedWeight, WeightQuantiser, weight_quantiser

__all__ = ["ConvSynapse", "DenseSynapse", "SlayerSynapse", "WeightedSynapse"]


class SlayerSynapse(nn.Module, ABC):
    """A synapse over (M, C, H, W) or (M, C), where M is time times batch.

    Attributes
    ----------
    needs_all_inputs : bool
        What it does with an input follows from how many there are and in which place, so that none can go.
    """

    needs_all_inputs = False

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return float accumulators with gradients."""

    @abstractmethod
    def to_ir(self) -> ir.Synapse:
        """Return the deployed synapse."""

    def scale(self, channels: int) -> NDArray[np.float64]:
        """Return the real value of one unit of accumulator, shape (channels,)."""
        return np.ones(channels)

    def reads(self, bound: int) -> None:
        """Learn the largest magnitude of an input value."""

    def fit(self, input_shape: tuple[int, ...]) -> None:
        """Learn the shape (C, ...) of the input."""

    def check(self, where: str) -> None:
        """Raise `NetworkError`, naming `where`, if the weights are not finite."""

    @abstractmethod
    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Forget channels: stay with output channels `rows` and input values `columns`, int64 indices."""

    @property
    def grad_norm(self) -> float:
        """Norm of the weight gradient divided by the number of weights, as SLAYER's synapses report it."""
        return 0.0


class WeightedSynapse(SlayerSynapse):
    """A synapse with a quantised weight.

    Parameters
    ----------
    shape : tuple of int
        (C_out, ...) of the weight.
    quantiser : str or WeightQuantiser
    weight_scale : float
        Factor on the initial weights.
    weight_norm : bool
        Train direction and length of every channel's weights apart, as SLAYER's option does.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        quantiser: str | WeightQuantiser,
        weight_scale: float = 1,
        weight_norm: bool = False,
    ) -> None:
        super().__init__()
        weight = torch.empty(shape)
        nn.init.kaiming_uniform_(weight, a=5**0.5)
        self.weight = nn.Parameter(weight_scale * weight)
        self.quantiser = weight_quantiser(quantiser)
        self.weight_norm_enabled = weight_norm
        self.largest_input: int | None = None
        if weight_norm:
            parametrizations.weight_norm(self, "weight")

    @property
    def shape(self) -> torch.Size:
        """Shape of the weight."""
        return self.weight.shape

    @property
    def quantised(self) -> Tensor:
        """The weight as training uses it: real values of the integers, differentiable."""
        return self.quantiser.fake(self.weight)

    def integer_weight(self) -> QuantisedWeight:
        """Return the deployed integers with their scale and width."""
        return self.quantiser.integers(self.weight)

    def scale(self, channels: int) -> NDArray[np.float64]:
        """Return the weight scale per output channel."""
        scale = self.integer_weight().scale.detach().cpu().numpy().astype(np.float64)
        return np.broadcast_to(scale, (channels,)).copy()

    def reads(self, bound: int) -> None:
        """Tell an unquantised weight how wide it may be deployed."""
        self.largest_input = bound
        if isinstance(self.quantiser, FullPrecision):
            self.quantiser = FullPrecision(bound, self.quantiser.per_channel)

    def check(self, where: str) -> None:
        """Raise `NetworkError`, naming `where`, if a weight is NaN or infinite, which rounding would hide."""
        if not bool(torch.isfinite(self.weight).all()):
            raise ir.NetworkError(f"{where}: weight: found NaN or infinity, expected finite numbers")

    @property
    def grad_norm(self) -> float:
        """Norm of the weight gradient divided by the number of weights."""
        params = [p for p in self.parameters() if p.grad is not None]
        if not params:
            return 0.0
        total = sum(float(p.grad.norm()) ** 2 for p in params if p.grad is not None)
        return float(total**0.5 / self.weight.numel())

    def _keep(self, weight: Tensor) -> None:
        """Take a part of the weight for the whole."""
        self.weight = nn.Parameter(weight.detach().clone())

    def _integers(self) -> tuple[NDArray[np.int32], float]:
        quantised = self.integer_weight()
        return quantised.values.cpu().numpy(), quantised.bits


class DenseSynapse(WeightedSynapse):
    """Fully connected: weight (C_out, C_in); inputs with more axes are flattened C, H, W.

    Parameters
    ----------
    in_neurons, out_neurons : int
    quantiser : str or WeightQuantiser
    weight_scale : float
    weight_norm : bool
    mask : Tensor or None
        Boolean (out_neurons, in_neurons); False synapses are always 0.
    """

    mask: Tensor | None

    def __init__(
        self,
        in_neurons: int,
        out_neurons: int,
        quantiser: str | WeightQuantiser,
        weight_scale: float = 1,
        weight_norm: bool = False,
        mask: Tensor | None = None,
    ) -> None:
        super().__init__((out_neurons, in_neurons), quantiser, weight_scale, weight_norm)
        self.register_buffer("mask", None if mask is None else mask.reshape(out_neurons, in_neurons).bool())

    def forward(self, x: Tensor) -> Tensor:
        """Return (M, C_out)."""
        weight = self.quantised if self.mask is None else self.quantised * self.mask
        return F.linear(x.flatten(1), weight)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Keep these rows and columns of the weight."""
        self._keep(self.weight[rows][:, columns])
        if self.mask is not None:
            self.mask = self.mask[rows][:, columns]

    def to_ir(self) -> ir.Dense:
        """Return `ir.Dense`."""
        values, bits = self._integers()
        if self.mask is not None:
            # A masked binary synapse is neither -1 nor +1, so it needs the ternary width.
            values, bits = values * self.mask.cpu().numpy(), max(bits, ir.TERNARY_BITS)
        return ir.Dense(values, bits)


class ConvSynapse(WeightedSynapse):
    """Convolutional: weight (C_out, C_in / groups, kh, kw).

    Parameters
    ----------
    in_features, out_features : int
        Channels.
    kernel_size : int or (int, int)
        (height, width), as for the options below.
    quantiser : str or WeightQuantiser
    stride, padding, dilation : int or (int, int)
    groups : int
    weight_scale : float
    weight_norm : bool
    learn_scale : bool
        Multiply every output channel by a learned factor, 1 at first.
    """

    alpha: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kernel_size: int | tuple[int, int],
        quantiser: str | WeightQuantiser,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        weight_scale: float = 1,
        weight_norm: bool = False,
        learn_scale: bool = False,
    ) -> None:
        if in_features % groups or out_features % groups:
            raise ValueError(
                f"Conv: groups: found {groups}, expected a divisor of {in_features} and {out_features} channels"
            )
        kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        super().__init__((out_features, in_features // groups, *kernel), quantiser, weight_scale, weight_norm)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.alpha = nn.Parameter(torch.ones(out_features)) if learn_scale else None

    def scale(self, channels: int) -> NDArray[np.float64]:
        """Return the weight scale per output channel, times the learned factor."""
        scale = super().scale(channels)
        return scale if self.alpha is None else scale * self.alpha.detach().cpu().numpy().astype(np.float64)

    def forward(self, x: Tensor) -> Tensor:
        """Return (M, C_out, H_out, W_out)."""
        if byte_conv_fits(x, self.largest_input, self.quantiser.bits, self.groups):
            sides = _pair(self.stride), _pair(self.padding), _pair(self.dilation)
            weight = self.weight
            integers = self.quantiser.integers(weight)
            fake = self.quantiser.fake(weight, integers)
            if self.alpha is not None:
                integers = replace(integers, scale=integers.scale * self.alpha.detach())
            z = byte_conv(x, self._scaled(fake), integers, *sides)
            if z is not None:
                return z
        return F.conv2d(x, self._scaled(self.quantised), None, self.stride, self.padding, self.dilation, self.groups)

    def _scaled(self, weight: Tensor) -> Tensor:
        """Return the weight times the learned factor, which is far smaller than the output."""
        return weight if self.alpha is None else weight * self.alpha.reshape(-1, 1, 1, 1)

    def narrow(self, rows: Tensor, columns: Tensor) -> None:
        """Keep these channels; those of a depthwise convolution are its groups, and others keep their number."""
        if self.groups == 1:
            self._keep(self.weight[rows][:, columns])
        elif self.groups == len(self.weight) and self.weight.shape[1] == 1:
            self._keep(self.weight[rows])
            self.groups = len(rows)
        if self.alpha is not None:
            self.alpha = nn.Parameter(self.alpha.detach()[rows])

    def to_ir(self) -> ir.Conv:
        """Return `ir.Conv`."""
        values, bits = self._integers()
        return ir.Conv(values, bits, self.stride, self.padding, self.dilation, self.groups)  # type: ignore[arg-type]


def _pair(side: int | tuple[int, int]) -> tuple[int, int]:
    return (side, side) if isinstance(side, int) else side
