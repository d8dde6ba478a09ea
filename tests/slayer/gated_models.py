"""Models with predictors that open a part: not all, not nothing."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lava_spquant import ir
from lava_spquant.ir.reference import gate_mask, run
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.block.predictor import Predictor
from lava_spquant.slayer.gate import GateConfig
from tests.slayer.random_models import random_values

__all__ = ["SPEC", "convolutions", "half_open", "open_shares", "random_input", "residuals"]

SPEC = ir.InputSpec((2, 8, 16), 4)

NEURON = {"membrane": "int4", "voltage_decay": 0.25, "reset": "soft"}


def convolutions(config: GateConfig) -> SpikingNetwork:
    """Return gated convolutions that read spikes, have stride 2, and read sums of spikes, with an odd kernel."""
    torch.manual_seed(0)
    options = {"weight": "sawb4", "batch_norm": True}
    blocks: list[block.Deployable] = [
        block.Conv(NEURON, 2, 4, 3, padding=1, **options),  # type: ignore[arg-type]
        block.Gated(block.Conv(NEURON, 4, 6, (3, 1), padding=(1, 0), **options), 4, 6, (8, 16), config),  # type: ignore[arg-type]
        block.Gated(block.Conv({"threshold": 0.8}, 6, 5, 3, 2, 1, batch_norm=True), 6, 5, (8, 16), config),
        block.Pool(None, 2),
        block.Gated(block.Conv(NEURON, 5, 7, 3, padding=1, **options), 5, 7, (2, 4), config),  # type: ignore[arg-type]
        block.Flatten(),
        block.Readout(7 * 2 * 4, 3),
    ]
    return half_open(SpikingNetwork(blocks, SPEC, "convolutions"))


def residuals(config: GateConfig) -> SpikingNetwork:
    """Return gated residual blocks with a shortcut of either kind."""
    torch.manual_seed(0)
    blocks: list[block.Deployable] = [
        block.Conv(NEURON, 2, 4, 3, padding=1, batch_norm=True),
        block.Residual(NEURON, 4, 4, (1, 3), gates=config, size=(8, 16)),
        block.Residual(NEURON, 4, 6, 3, 2, weight="sawb4", gates=config, size=(8, 16)),
        block.Flatten(),
        block.Readout(6 * 4 * 8, 3),
    ]
    return half_open(SpikingNetwork(blocks, SPEC, "residuals"))


def random_input(steps: int, batch: int, spec: ir.InputSpec = SPEC) -> ir.IntArray:
    """Return an input (T, N, *shape), the same for the same size."""
    return random_values(np.random.default_rng(5), spec, steps, batch)


def half_open(model: SpikingNetwork) -> SpikingNetwork:
    """Let running statistics be those of some data: neurons are lively, and about half of everything is open."""
    deciding = {norm for module in model.modules() if isinstance(module, Predictor) for norm in module.modules()}
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.momentum = 0.5
            module.bias.data.fill_(0.0 if module in deciding else 0.5)
    with torch.no_grad():
        for seed in range(10):
            x = random_values(np.random.default_rng(seed), model.input_spec, 3, 4)
            model.train()(torch.from_numpy(x).float().movedim(0, -1))
    return model.eval()


def open_shares(network: ir.Network, x: ir.IntArray) -> list[float]:
    """Return which share of its current each gated block receives."""
    records = run(network, x).blocks
    gated = [index for index, found in enumerate(network.blocks) if found.gates]
    return [float(gate_mask(network, index, records).mean()) for index in gated]
