"""Pooling block."""

from __future__ import annotations

from lava_spquant.slayer.block.base import Block
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import NeuronParams, RelayNeuron, SlayerNeuron, make_neuron
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.weightless import PoolSynapse

__all__ = ["Pool"]


class Pool(Block):
    """Pool of every channel; stands in for `slayer.block.cuba.Pool`.

    Without a neuron it is average pooling: the sum is sent on as a small whole number, and one over
    the window's size is folded into the next block's gain. With one, the window's sum is the
    neuron's current, as in SLAYER.

    Parameters
    ----------
    neuron_params : QLifConfig, CubaConfig, ClipConfig, ThresholdConfig, mapping or None
        None is average pooling, and `ThresholdConfig()` the maximum of spikes.
    kernel_size : int or (int, int)
        (height, width), as below.
    stride : int, (int, int) or None
        None means the kernel's size.
    padding : int or (int, int)
    average : bool
        The window's mean is the neuron's current instead of its sum.
    delay_shift, count_log : bool
        See `Block`.
    reads : Stream
        What arrives; spikes by default, set by `SpikingNetwork`.

    Examples
    --------
    >>> import torch
    >>> pool = Pool(None, 2)
    >>> pool(torch.ones(1, 3, 4, 6, 2)).unique().tolist(), pool.set_reads(SPIKES)
    ([4.0], Stream(low=0, high=4, scale=0.25))
    """

    kind = "pool"

    def __init__(
        self,
        neuron_params: NeuronParams | None,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        *,
        average: bool = False,
        delay_shift: bool = False,
        count_log: bool = False,
        reads: Stream = SPIKES,
    ) -> None:
        synapse = PoolSynapse(kernel_size, stride, padding, average and neuron_params is not None)
        neuron: SlayerNeuron = RelayNeuron(synapse.size) if neuron_params is None else make_neuron(neuron_params)
        branch = Branch(synapse, None, reads=reads)
        super().__init__(neuron, [branch], delay_shift=delay_shift, count_log=count_log)
