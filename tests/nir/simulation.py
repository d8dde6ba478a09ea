"""NIR's equations stepped in float64 by themselves: no code of the package, any feed-forward graph."""

from __future__ import annotations

import math
from typing import Any

import nir
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

__all__ = ["simulate"]

Reals = NDArray[np.float64]


def leak(tau: Reals, dt: float, rule: str, bits: int | None) -> Reals:
    """What leaks per step; rounded to `2**-bits` where hardware is to be imitated."""
    share = np.minimum(dt / tau, 1.0) if rule == "euler" else 1 - np.exp(-dt / tau)
    return share if bits is None else np.round(share * 2**bits) / 2**bits


class Neuron:
    """One node with its state, all zero before the first step."""

    def __init__(self, node: Any, dt: float, rule: str, soft: bool, bits: int | None) -> None:
        self.node, self.soft, self.dt = node, soft, dt
        self.v: Any = 0.0
        self.i: Any = 0.0
        self.a = self.b = 0.0  # of the potential, and of the current
        if isinstance(node, nir.LIF):
            self.a = leak(node.tau, dt, rule, bits)
        if isinstance(node, nir.CubaLIF):
            self.a, self.b = leak(node.tau_mem, dt, rule, bits), leak(node.tau_syn, dt, rule, bits)

    def step(self, x: Reals) -> Reals:
        node = self.node
        if isinstance(node, nir.Threshold):
            return (x > node.threshold).astype(float)
        if isinstance(node, nir.CubaLIF):
            self.i = (1 - self.b) * self.i + self.b * node.w_in * x
            self.v = self.v + self.a * (node.v_leak - self.v + node.r * self.i)
        elif isinstance(node, nir.LIF):
            self.v = self.v + self.a * (node.v_leak - self.v + node.r * x)
        else:
            self.v = self.v + self.dt * node.r * x
        if isinstance(node, nir.I):
            return np.array(self.v)
        spikes = self.v > node.v_threshold
        self.v = np.where(spikes, self.v - node.v_threshold if self.soft else 0.0, self.v)
        return spikes.astype(float)


def apply(node: Any, x: Reals) -> Reals:
    """What a node without state makes of (N, ...)."""
    if isinstance(node, (nir.Linear, nir.Affine)):
        return x @ np.asarray(node.weight, dtype=float).T + getattr(node, "bias", 0.0)
    if isinstance(node, nir.Scale):
        return x * node.scale
    if isinstance(node, nir.Flatten):
        return x.reshape(len(x), -1)
    t = torch.from_numpy(np.ascontiguousarray(x))
    if isinstance(node, nir.Conv2d):
        weight, bias = (torch.from_numpy(np.array(p, dtype=float)) for p in (node.weight, node.bias))
        stride, padding, dilation = (tuple(int(n) for n in p) for p in (node.stride, node.padding, node.dilation))
        return F.conv2d(t, weight, bias, stride, padding, dilation, int(node.groups)).numpy()
    assert isinstance(node, (nir.SumPool2d, nir.AvgPool2d))
    kernel, stride, padding = (tuple(int(n) for n in p) for p in (node.kernel_size, node.stride, node.padding))
    size = 1 if isinstance(node, nir.AvgPool2d) else math.prod(kernel)
    padded = F.pad(t, (padding[1], padding[1], padding[0], padding[0]))
    return (F.avg_pool2d(padded, kernel, stride) * size).numpy()


def simulate(
    graph: nir.NIRGraph, x: NDArray[Any], dt: float, rule: str = "euler", soft: bool = False, bits: int | None = None
) -> dict[str, Reals]:
    """Return every node's output (T, N, ...) for an input (T, N, ...)."""
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        before[target].append(source)
    order: list[str] = []
    while len(order) < len(graph.nodes):
        order += [n for n in graph.nodes if n not in order and set(before[n]) <= set(order)]
    neurons = {
        name: Neuron(node, dt, rule, soft, bits)
        for name, node in graph.nodes.items()
        if isinstance(node, (nir.LIF, nir.IF, nir.CubaLIF, nir.Threshold, nir.I))
    }
    record: dict[str, list[Reals]] = {name: [] for name in order}
    for step in x.astype(float):
        for name in order:
            given = sum(record[source][-1] for source in before[name]) if before[name] else step
            if name in neurons:
                record[name].append(neurons[name].step(given))
            elif isinstance(graph.nodes[name], (nir.Input, nir.Output)):
                record[name].append(given)
            else:
                record[name].append(apply(graph.nodes[name], given))
    return {name: np.stack(values) for name, values in record.items()}
