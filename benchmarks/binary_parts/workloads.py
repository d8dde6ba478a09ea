"""Binary networks for the engine, and the same layers in torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binary_parts.sizes import ADDED, CHANNELS, SIDE
from lava_spquant import ir

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["WORKLOADS", "Workload", "workload"]

WARMING = 16
"""Images that batch-norm sees, so that neurons fire."""


@dataclass(frozen=True, eq=False)
class Workload:
    """What both sides compute.

    Attributes
    ----------
    title : str
    network, baseline : ir.Network
        What is timed, and what is timed to be taken away from it; None for nothing.
    layers : nn.Module
        torch's, in eval mode, channels-last.
    floats : tuple of int
        (C, H, W) of torch's input.
    """

    title: str
    network: ir.Network
    baseline: ir.Network | None
    layers: nn.Module
    floats: tuple[int, int, int]


def workload(name: str) -> Workload:
    """Return a workload with random weights."""
    torch.manual_seed(0)
    if name == "conv":
        return _conv()
    from lava_spquant.slayer.models import MODELS

    layers = _vgg() if name == "bit-vgg-small" else _resnet()
    model = _warmed(MODELS[name].build(name))
    network = model.to_ir()
    return Workload(f"{name}, whole", network, None, _ready(layers), network.input.shape)  # type: ignore[arg-type]


WORKLOADS = ("conv", "bit-vgg-small", "bit-resnet20")


def _conv() -> Workload:
    """One 3x3 convolution between thresholds; thresholds alone are the baseline."""
    rng = np.random.default_rng(0)
    ones, low = np.ones(CHANNELS), -rng.integers(2, 5, CHANNELS)
    first = ir.Block("first", (ir.Branch(ir.Identity(), ones),), ir.Threshold(), low)
    conv = ir.Conv(rng.choice([-1, 1], (CHANNELS, CHANNELS, 3, 3)), 1, 1, 1)
    blocks = [first]
    for name in map(str, range(1, ADDED + 2)):
        bias = rng.integers(-9, 9, CHANNELS)
        blocks.append(ir.Block(name, (ir.Branch(conv, ones, 0, len(blocks) - 1),), ir.Threshold(), bias))
    spec = ir.InputSpec((CHANNELS, SIDE, SIDE), 3)
    layers = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
    title = f"3x3 convolution, {CHANNELS} to {CHANNELS}"
    # Two networks that differ by some convolutions: what an input costs, and the last block's output, cancel.
    longer, shorter = ir.Network(spec, tuple(blocks)), ir.Network(spec, tuple(blocks[:2]))
    return Workload(title, longer, shorter, _ready(layers), spec.shape)  # type: ignore[arg-type]


def _warmed(model: SpikingNetwork) -> SpikingNetwork:
    from lava_spquant.slayer.norm import BatchNorm

    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.momentum = None
    x = torch.randint(0, 256, (WARMING, *model.input_spec.shape, 1)).float()
    with torch.no_grad():
        model.train()(x)
    return model.eval()


def _ready(layers: nn.Module) -> nn.Module:
    return layers.eval().to(memory_format=torch.channels_last)


def _vgg() -> nn.Module:
    def layers() -> Iterator[nn.Module]:
        channels = 3
        for width, pooled in ((128, False), (128, True), (256, False), (256, True), (512, False), (512, True)):
            yield nn.Conv2d(channels, width, 3, padding=1, bias=False)
            if pooled:
                yield nn.MaxPool2d(2)
            yield nn.BatchNorm2d(width)
            yield _Sign()
            channels = width
        yield nn.Flatten()
        yield nn.Linear(512 * 4 * 4, 10)

    return nn.Sequential(*layers())


class _Sign(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x > 0).to(x.dtype)


def _resnet() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.Hardtanh()]
    channels = 16
    for width in (16, 32, 64):
        for position in range(6):
            stride = 2 if width > 16 and position == 0 else 1
            layers.append(_Shortcut(channels, width, stride))
            channels = width
    return nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


class _Shortcut(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.more, self.stride = outputs - inputs, stride

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv((x > 0).to(x.dtype)))
        if self.stride > 1:
            x = F.pad(F.avg_pool2d(x, self.stride), (0, 0, 0, 0, 0, self.more))
        return F.hardtanh(x + y)
