"""Engine against the synaptic layers alone in torch, dense, in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from common import table
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F

from engine_parts.against_lava import ENGINE, engine_runner, thread_counts
from engine_parts.timing import Effort, Row, Runner, alternate, measured, microseconds
from engine_parts.workloads import Workload
from lava_spquant import ir
from lava_spquant.engine import Engine

__all__ = ["against_torch", "torch_table"]

TORCH = "torch float32 layers"

Layer = tuple[Callable[[Tensor], Tensor], Tensor]
"""A synapse and the dense tensor (N, ...) that it reads."""


def against_torch(workload: Workload, effort: Effort) -> list[Row]:
    """Let the engine (everything) and torch (convolutions and products only) take turns on both batches."""
    layers = torch_layers(workload)
    rows = []
    for batch in (1, effort.batch):
        for threads in thread_counts():
            pair = [engine_runner(workload, batch, threads), _torch_runner(layers, batch, threads)]
            found = [measured(r, t) for r, t in zip(pair, alternate(pair, effort), strict=True)]
            for row in found:
                row.update(network=workload.name, density=workload.density)
                row.update(ratio=found[1]["median_us"] / row["median_us"])
            rows += found
    return rows


def torch_layers(workload: Workload) -> list[Layer]:
    """Return every convolution and dense synapse with what it reads at the last recorded step.

    Raises
    ------
    RuntimeError
        If torch computes another sum than `ir` does.
    """
    network = workload.network
    x = workload.x[: 2 * max(network.depths) + 1]
    trace = Engine(network, workload.timing).run(x, record=("outputs",))
    layers = []
    for block in network.blocks:
        for branch in block.branches:
            source = x if branch.source == ir.INPUT else trace.blocks[branch.source][_output(network, branch)]
            layer = _layer(branch.synapse)
            if layer is None:
                continue
            values = source[-1]
            tensor = torch.from_numpy(np.ascontiguousarray(values)).to(torch.float32)
            # Flattening is not what is timed.
            tensor = _laid_out(tensor.flatten(1) if isinstance(branch.synapse, ir.Dense) else tensor)
            want = branch.synapse.accumulate(values[:1])
            if not np.array_equal(layer(tensor[:1]).numpy().reshape(want.shape), want):
                raise RuntimeError(f"{workload.name}: block {block.name}: found torch and ir apart, expected one sum")
            layers.append((layer, tensor))
    return layers


def _output(network: ir.Network, branch: ir.Branch) -> str:
    return network.blocks[branch.source].output_name(branch.output)


def _layer(synapse: ir.Synapse) -> Callable[[Tensor], Tensor] | None:
    if isinstance(synapse, ir.Conv):
        weight = torch.from_numpy(synapse.weight.astype(np.float32)).to(memory_format=torch.channels_last)
        geometry = (tuple(synapse.stride), tuple(synapse.padding), tuple(synapse.dilation), synapse.groups)
        return lambda x: F.conv2d(x, weight, None, *geometry)
    if isinstance(synapse, ir.Dense):
        matrix = torch.from_numpy(synapse.weight.astype(np.float32))
        return lambda x: F.linear(x, matrix)
    return None


def _laid_out(x: Tensor) -> Tensor:
    return x.to(memory_format=torch.channels_last) if x.ndim == 4 else x.contiguous()


def _torch_runner(layers: Sequence[Layer], batch: int, threads: int) -> Runner:
    inputs = [(layer, _laid_out(x[:batch].clone())) for layer, x in layers]

    def run() -> None:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            for layer, x in inputs:
                layer(x)

    return Runner(TORCH, batch, threads, 1, run)


def torch_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("network", "input", "executor", "batch", "threads", "median, us", "quartiles, us", "torch / this")
    cells = (
        (
            row["network"],
            row["density"],
            row["executor"] if row["executor"] != ENGINE else "engine, whole network",
            str(row["batch"]),
            str(row["threads"]),
            microseconds(row["median_us"]),
            f"{microseconds(row['low_us'])} to {microseconds(row['high_us'])}",
            f"{row['ratio']:,.2f}",
        )
        for row in rows
    )
    title = f"Time per sample and time step, against torch {torch.__version__}'s synaptic layers alone"
    return table(title, columns, cells, text_columns=3)
