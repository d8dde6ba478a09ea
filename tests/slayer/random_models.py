"""Random trained models: every quantiser, membrane, reset and window, with statistics that training could leave."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lava_spquant import ir
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.membrane import MembraneConfig
from lava_spquant.slayer.neuron import QLifConfig
from lava_spquant.slayer.quant import WEIGHT_QUANTISERS

__all__ = ["MEMBRANE_NAMES", "QUANTISER_NAMES", "fixed_model", "random_model", "random_values", "train_a_little"]

QUANTISER_NAMES = (*WEIGHT_QUANTISERS, "int2", "int3", "int5-channel", "int8-channel", "int16")
MEMBRANE_NAMES = ("ternary", "five-level", "none", "int2", "int3", "int4", "int6", "int8")

SIDES = ((1, 1, 0, 1), (3, 1, 1, 1), (2, 1, 0, 1), (3, 2, 1, 1), (2, 2, 1, 1), (2, 1, 1, 2), (3, 1, 2, 2))
"""Kernel, stride, padding and dilation along one axis."""


class Shaker:
    """Makes a model block by block, keeping track of the shape."""

    def __init__(self, seed: int, quantiser: str, membrane: str, reset: str) -> None:
        self.rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.quantiser, self.membrane, self.reset = quantiser, membrane, reset
        self.blocks: list[block.Deployable] = []
        self.spec, self.shape = self._input()

    def chance(self, p: float = 0.5) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, options):  # type: ignore[no-untyped-def]
        return options[int(self.rng.integers(len(options)))]

    def _input(self) -> tuple[ir.InputSpec, tuple[int, ...]]:
        flat = self.chance(0.2)
        shape = (int(self.rng.integers(2, 9)),) if flat else (int(self.rng.integers(1, 4)), self.pick((5, 6)), 7)
        bits, signed = self.pick(((1, False), (8, False), (4, True), (2, True)))
        return ir.InputSpec(shape, bits, signed), shape

    def neuron(self) -> QLifConfig:
        from lava_spquant.slayer.membrane import membrane

        levels = membrane(self.membrane)
        if levels is not None and self.chance(0.2):
            levels = MembraneConfig(levels.q_min - 1, levels.q_max, levels.fine)
        return QLifConfig(
            threshold=self.pick((1.0, 0.7, 2.5)),
            voltage_decay=self.pick((0.5, 0.0, 1.0, 0.123)),
            reset=self.reset,
            membrane=levels,
            frac_bits=self.pick((12, 8, 15)),
            learn_threshold="layer" if self.chance(0.2) else "no",
            learn_decay=self.chance(0.2),
        )

    @property
    def options(self) -> dict[str, object]:
        return {"weight": self.quantiser, "batch_norm": self.chance(0.7), "bias": self.chance(0.3)}

    def conv(self) -> None:
        channels = self.shape[0]
        groups = self.pick([g for g in (1, 2, 3) if channels % g == 0])
        out = groups * int(self.rng.integers(1, 3))
        sides = [[(k, s, p, d) for k, s, p, d in SIDES if n + 2 * p > d * (k - 1)] for n in self.shape[1:]]
        window = tuple(zip(*(self.pick(side) for side in sides), strict=True))
        self.blocks.append(
            block.Conv(self.neuron(), channels, out, *window, groups, self.pick((1, 3)), **self.options)  # type: ignore[arg-type]
        )
        probe = torch.zeros(1, *self.shape)
        kernel, stride, padding, dilation = window
        weight = torch.zeros(out, channels // groups, *kernel)
        self.shape = tuple(nn.functional.conv2d(probe, weight, None, stride, padding, dilation, groups).shape[1:])

    def pool(self) -> None:
        size, padding = (2, 3), (self.pick((0, 1)), 0)
        if self.shape[1] < 2 or self.shape[2] < 3:
            return
        neuron = self.neuron() if self.chance(0.3) else None
        self.blocks.append(block.Pool(neuron, size, self.pick((None, 1)), padding))
        deployed = self.blocks[-1].synapse.to_ir()  # type: ignore[union-attr]
        self.shape = deployed.output_shape(self.shape)

    def pooled(self) -> None:
        if self.shape[1] < 4 or self.shape[2] < 6:
            return
        out, groups = self.pick(((self.shape[0], self.shape[0]), (5, 1)))
        self.blocks.append(
            block.PooledConv(
                self.neuron(), self.shape[0], out, (3, 1), (2, 3), padding=(1, 0), groups=groups, **self.options
            )  # type: ignore[arg-type]
        )
        self.shape = (out, self.shape[1] // 2, self.shape[2] // 3)

    def residual(self) -> None:
        out, stride = self.pick(((self.shape[0], 1), (4, 1), (self.shape[0], (2, 1)), (2, 2)))
        kernel = self.pick((3, 1, (1, 3)))
        self.blocks.append(
            block.Residual(
                self.neuron(), self.shape[0], out, kernel, stride, weight=self.quantiser, batch_norm=self.chance(0.8)
            )
        )
        strides = (stride, stride) if isinstance(stride, int) else stride
        self.shape = (out, *((n - 1) // s + 1 for n, s in zip(self.shape[1:], strides, strict=True)))

    def dense(self) -> None:
        if self.chance():
            self.blocks.append(block.Flatten())
        size, out = int(np.prod(self.shape)), int(self.rng.integers(1, 8))
        self.blocks.append(block.Dense(self.neuron(), size, out, self.pick((1, 4)), **self.options))  # type: ignore[arg-type]
        self.shape = (out,)

    def end(self) -> None:
        size = int(np.prod(self.shape))
        last = self.pick(("readout", "readout", "average", "spikes"))
        if last == "readout":
            self.blocks.append(block.Readout(size, 3, weight=self.quantiser, batch_norm=self.chance(), frac_bits=9))
        elif last == "average":
            self.blocks.append(block.Average(self.pick([n for n in (1, 2, 3) if size % n == 0])))

    def network(self) -> SpikingNetwork:
        if self.chance(0.2):
            self.blocks.append(block.Input(self.neuron()))
        for _ in range(int(self.rng.integers(1, 4)) if len(self.shape) == 3 else 0):
            self.pick((self.conv, self.conv, self.residual, self.pool, self.pooled))()
        if len(self.shape) == 1 or self.chance() or not self.blocks:
            self.dense()
        self.end()
        return SpikingNetwork(self.blocks, self.spec, "random")


def disturb(model: SpikingNetwork, rng: np.random.Generator) -> None:
    """Give every batch-norm and bias values that training could leave, dead channels and negative slopes included."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            size = module.num_features
            spread = 10.0 ** rng.uniform(-2, 1, size) * (rng.random(size) > 0.15)
            module.running_var = torch.tensor(spread, dtype=torch.float32)
            module.running_mean = torch.tensor(rng.normal(0, 0.5, size), dtype=torch.float32)
            module.weight.data = torch.tensor(rng.normal(0.7, 0.8, size), dtype=torch.float32)
            module.bias.data = torch.tensor(rng.normal(0, 0.7, size), dtype=torch.float32)
    for name, parameter in model.named_parameters():
        if name.endswith("branches.0.bias"):
            parameter.data = torch.tensor(rng.normal(0, 0.5, parameter.shape), dtype=torch.float32)
        if name.endswith(".vth"):
            parameter.data *= torch.tensor(rng.uniform(0.3, 2, parameter.shape), dtype=torch.float32)
        if name.endswith(".keep"):
            parameter.data = torch.tensor(rng.uniform(-0.1, 1.1), dtype=torch.float32)


def random_values(rng: np.random.Generator, spec: ir.InputSpec, steps: int, batch: int) -> ir.IntArray:
    """Return an input (T, N, *shape) int32."""
    low, high = spec.bounds
    x = rng.integers(low, high + 1, (steps, batch, *spec.shape))
    x *= rng.random(x.shape) < rng.choice([0.3, 1.0])
    return x.astype(np.int32)


def train_a_little(model: SpikingNetwork, rng: np.random.Generator, steps: int = 3) -> None:
    """Take a few steps towards random targets."""
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    model.train()
    for _ in range(steps):
        x = torch.from_numpy(random_values(rng, model.input_spec, 3, 4)).float().movedim(0, -1)
        loss = (model(x) - torch.rand(1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def random_model(seed: int, quantiser: str, membrane: str, reset: str) -> SpikingNetwork:
    """Return a model whose statistics are random; the same one for the same arguments."""
    shaker = Shaker(seed, quantiser, membrane, reset)
    model = shaker.network()
    disturb(model, shaker.rng)
    return model.eval()


def fixed_model(quantiser: str, membrane: str, reset: str) -> SpikingNetwork:
    """Return a lively model of every kind of block, with an asymmetric kernel and a shortcut of either kind."""
    torch.manual_seed(1)
    neuron = {"membrane": membrane, "reset": reset, "voltage_decay": 0.25}
    blocks = [
        block.Conv(neuron, 2, 4, (3, 2), (1, 2), (0, 1), groups=2, weight=quantiser, batch_norm=True),
        block.Residual(neuron, 4, 4, (1, 3), weight=quantiser),
        block.Pool(None, (2, 1)),
        block.Residual(neuron, 4, 6, 3, (1, 2), weight=quantiser),
        block.Dense(neuron, 6 * 2 * 2, 7, weight=quantiser, batch_norm=True, bias=True),
        block.Readout(7, 3, weight=quantiser),
    ]
    model = SpikingNetwork(blocks, ir.InputSpec((2, 6, 7)), "fixed")
    rng = np.random.default_rng(2)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.momentum = 0.5
    for _ in range(12):  # until the running statistics are those of the currents
        model(torch.from_numpy(random_values(rng, model.input_spec, 3, 4)).float().movedim(0, -1))
    return model.eval()
