"""A trained model that reads real digits, without the training."""

from __future__ import annotations

import torch

from lava_spquant import ir
from lava_spquant.slayer import SpikingNetwork, block

__all__ = ["tiny_model"]


def tiny_model(seed: int = 0) -> SpikingNetwork:
    """Return a small classifier of (1, 8, 8) images into 10 classes, in `eval()` mode."""
    torch.manual_seed(seed)
    neuron = {"threshold": 1.0, "voltage_decay": 0.5, "membrane": "ternary"}
    blocks = [
        block.Conv(neuron, 1, 4, (3, 3), stride=2, weight="ternary", weight_scale=6),
        block.Flatten(),
        block.Readout(4 * 3 * 3, 10),
    ]
    return SpikingNetwork(blocks, ir.InputSpec((1, 8, 8), 8), "tiny-digits").eval()
