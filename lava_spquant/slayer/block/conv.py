"""Convolutional block."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lava_spquant.slayer.block.base import Block, refuse_delay
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import NeuronParams, make_neuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import ConvSynapse

__all__ = ["Conv"]


class Conv(Block):
    """Convolution into spiking neurons; stands in for `slayer.block.cuba.Conv`.

    Reads and returns NCHWT. Pairs are (height, width).

    Parameters
    ----------
    neuron_params : QLifConfig, CubaConfig or mapping
        See `neuron_config`.
    in_features, out_features : int
        Channels.
    kernel_size, stride, padding, dilation : int or (int, int)
    groups : int
    weight_scale : float
        Factor on the initial weights.
    weight_norm : bool
        Train direction and length of every channel's weights apart.
    pre_hook_fx, delay
        SLAYER's options that are refused here.
    delay_shift : bool
        See `Block`.
    count_log : bool
        Return the mean event rate too.
    weight : str or WeightQuantiser
        See `weight_quantiser`.
    batch_norm, bias : bool
        See `Branch`.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.

    Raises
    ------
    ValueError
        If an option is unknown or refused.

    Examples
    --------
    >>> import torch
    >>> block = Conv({"threshold": 1.0}, 2, 8, (3, 5), padding=(1, 2), weight="sawb4", batch_norm=True)
    >>> block(torch.ones(1, 2, 6, 9, 4)).shape
    torch.Size([1, 8, 6, 9, 4])
    """

    kind = "conv"

    def __init__(
        self,
        neuron_params: NeuronParams,
        in_features: int,
        out_features: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        weight_scale: float = 1,
        weight_norm: bool = False,
        pre_hook_fx: Callable[..., Tensor] | None = None,
        delay: bool = False,
        delay_shift: bool = False,
        count_log: bool = False,
        *,
        weight: str | WeightQuantiser = "ternary",
        batch_norm: bool = False,
        bias: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        refuse_delay("Conv", delay, pre_hook_fx)
        synapse = ConvSynapse(
            in_features, out_features, kernel_size, weight, stride, padding, dilation, groups, weight_scale, weight_norm
        )
        branch = Branch(synapse, out_features, batch_norm=batch_norm, bias=bias, reads=reads)
        neuron = make_neuron(neuron_params, out_features)
        super().__init__(neuron, [branch], delay_shift=delay_shift, count_log=count_log)
