"""Fully connected block."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from lava_spquant.slayer.block.base import Block, refuse_delay
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import NeuronParams, make_neuron
from lava_spquant.slayer.quant import WeightQuantiser
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.synapse import DenseSynapse

__all__ = ["Dense"]


class Dense(Block):
    """Dense synapses into spiking neurons; stands in for `slayer.block.cuba.Dense`.

    Reads NCT, or NCHWT flattened in the order C, H, W; returns NCT.

    Parameters
    ----------
    neuron_params : QLifConfig, CubaConfig or mapping
        See `neuron_config`.
    in_neurons, out_neurons : int
    weight_scale : float
        Factor on the initial weights.
    weight_norm : bool
        Train direction and length of every neuron's weights apart.
    pre_hook_fx, delay
        SLAYER's options that are refused here.
    delay_shift : bool
        See `Block`.
    mask : Tensor or None
        Boolean (out_neurons, in_neurons); False synapses are always 0.
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
    >>> block = Dense({"threshold": 1.0, "voltage_decay": 0.5}, 20, 10, weight="ternary")
    >>> block(torch.ones(2, 20, 4)).shape
    torch.Size([2, 10, 4])
    """

    kind = "dense"

    def __init__(
        self,
        neuron_params: NeuronParams,
        in_neurons: int,
        out_neurons: int,
        weight_scale: float = 1,
        weight_norm: bool = False,
        pre_hook_fx: Callable[..., Tensor] | None = None,
        delay: bool = False,
        delay_shift: bool = False,
        mask: Tensor | None = None,
        count_log: bool = False,
        *,
        weight: str | WeightQuantiser = "ternary",
        batch_norm: bool = False,
        bias: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        refuse_delay("Dense", delay, pre_hook_fx)
        synapse = DenseSynapse(in_neurons, out_neurons, weight, weight_scale, weight_norm, mask)
        branch = Branch(synapse, out_neurons, batch_norm=batch_norm, bias=bias, reads=reads)
        neuron = make_neuron(neuron_params, out_neurons)
        super().__init__(neuron, [branch], delay_shift=delay_shift, count_log=count_log)
