"""Layers as a trainable network."""

from __future__ import annotations

import logging
import math
import os

import nir
import torch
from torch import Tensor

from lava_spquant import ir
from lava_spquant.ir.limits import DECAY_UNITY
from lava_spquant.nir.chain import chain
from lava_spquant.nir.config import ImportConfig
from lava_spquant.nir.dynamics import Dynamics
from lava_spquant.nir.errors import expect
from lava_spquant.nir.layer import Layer
from lava_spquant.nir.layers import fold_chain
from lava_spquant.nir.reading import read
from lava_spquant.slayer import CubaConfig, QLifConfig, SpikingNetwork, block
from lava_spquant.slayer.membrane import membrane

__all__ = ["build_model"]

log = logging.getLogger(__name__)

LEAK_ERROR = 0.01
"""Relative error of a leak, by rounding to 1/4096, that is worth a warning."""


def build_model(
    source: nir.NIRGraph | str | os.PathLike[str], config: ImportConfig, name: str = "network"
) -> SpikingNetwork:
    """Make a trainable network of a graph; see `lava_spquant.nir.to_model`."""
    graph = source if isinstance(source, nir.NIRGraph) else read(source)
    nodes = chain(graph)
    shape = tuple(int(n) for n in nodes[0][1].input_type["input"])
    spec = ir.InputSpec(shape, config.input_bits, config.input_signed)
    high = spec.bounds[1]
    layers = fold_chain(nodes, config.clock, high * (config.input_scale or 1 / high))
    # Initial weights are overwritten: the caller's random numbers stay as they were.
    with torch.random.fork_rng(devices=[]):
        blocks = [_block(layer, spec, config) for layer in layers]
    return SpikingNetwork(blocks, spec, name)


def _block(layer: Layer, spec: ir.InputSpec, config: ImportConfig) -> block.Deployable:
    if layer.kind == "flatten":
        return block.Flatten()
    if layer.kind == "pool":
        neuron = None if layer.neuron is None else _neuron(layer.neuron, layer, config)
        return block.Pool(neuron, layer.kernel, layer.stride, layer.padding)
    if layer.kind == "input":
        assert layer.neuron is not None
        return block.Input(_neuron(layer.neuron, layer, config), bits=spec.bits, signed=spec.signed)
    if layer.kind == "pooled":
        return _pooled(layer, config)
    made = _weighted(layer, config)
    assert layer.weight is not None
    _fill(made.synapse.weight, layer.weight)
    bias = made.branches[0].bias
    if bias is not None:
        _fill(bias, layer.bias)
    return made


def _weighted(layer: Layer, config: ImportConfig) -> block.Block:
    assert layer.weight is not None
    outputs, inputs = layer.weight.shape[:2]
    has_bias = layer.bias is not None
    if layer.kind == "readout":
        return block.Readout(inputs, outputs, weight=config.weight, bias=has_bias, frac_bits=config.frac_bits)
    assert layer.neuron is not None
    neuron = _neuron(layer.neuron, layer, config)
    if layer.kind == "dense":
        return block.Dense(neuron, inputs, outputs, weight=config.weight, bias=has_bias)
    return block.Conv(
        neuron,
        inputs * layer.groups,
        outputs,
        layer.kernel,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        weight=config.weight,
        bias=has_bias,
    )


def _pooled(layer: Layer, config: ImportConfig) -> block.Deployable:
    assert layer.weight is not None
    assert layer.neuron is not None
    outputs, inputs = layer.weight.shape[:2]
    made = block.PooledConv(
        _neuron(layer.neuron, layer, config),
        inputs * layer.groups,
        outputs,
        layer.kernel,
        layer.pool,
        layer.stride,
        layer.padding,
        layer.groups,
        weight=config.weight,
        batch_norm=False,
        bias=layer.bias is not None,
    )
    _fill(made.conv.synapse.weight, layer.weight)
    if layer.bias is not None:
        _fill(made.join.branches[0].bias, layer.bias)
    return made


def _neuron(found: Dynamics, layer: Layer, config: ImportConfig) -> QLifConfig | CubaConfig:
    where = f"node {layer.name!r}"
    for leak in (found.leak, found.current_leak or 0.0):
        error = abs(round(leak * DECAY_UNITY) / DECAY_UNITY - leak)
        if leak and error > LEAK_ERROR * leak:
            log.warning("%s: a leak of %.3g per step is rounded to 1/4096, by %.1f %%", where, leak, 100 * error / leak)
    if found.current_leak is None:
        return QLifConfig(
            threshold=layer.threshold,
            voltage_decay=found.leak,
            reset=config.reset,
            membrane=membrane(config.membrane),
            frac_bits=config.frac_bits,
        )
    expect(config.reset == "hard", where, "reset", found=config.reset, expected="hard for a neuron with a current")
    return CubaConfig(threshold=1.0, current_decay=found.current_leak, voltage_decay=found.leak)


@torch.no_grad()
def _fill(parameter: Tensor, values: object) -> None:
    new = torch.as_tensor(values, dtype=parameter.dtype)
    assert math.prod(parameter.shape) == new.numel()
    parameter.copy_(new.reshape(parameter.shape))
