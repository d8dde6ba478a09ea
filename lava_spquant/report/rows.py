"""Reports as plain rows of numbers and text, ready for JSON; tables and files show the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lava_spquant.ir import INPUT, Block, Branch, Conv, Network, SumPool
from lava_spquant.report.accuracy import Accuracy
from lava_spquant.report.activity import Activity
from lava_spquant.report.compare import Comparison
from lava_spquant.report.flops import Flops
from lava_spquant.report.memory import Memory, MemoryRow

__all__ = [
    "Row",
    "accuracy_rows",
    "activity_rows",
    "comparison_rows",
    "comparison_summary",
    "flops_rows",
    "memory_rows",
    "network_rows",
]

Row = dict[str, Any]
"""One line of a report; every value is a JSON value."""


def network_rows(network: Network) -> list[Row]:
    """Return one row per block: synapses, sources, gates, shape, neuron, widths and depth."""
    return [
        {
            "block": block.name,
            "synapses": [_synapse_text(branch) for branch in block.branches],
            "sources": [_source_text(network, branch) for branch in block.branches],
            "gates": [network.blocks[gate.source].name for gate in block.gates],
            "shape": list(shape),
            "neuron": block.neuron.kind,
            "weights": sum(branch.synapse.num_weights for branch in block.branches),
            "weight_bits": [float(branch.synapse.weight_bits) for branch in block.branches],
            "state_bits": block.neuron.state_bits,
            "state_levels": _levels(block),
            "depth": depth,
        }
        for block, shape, depth in zip(network.blocks, network.shapes, network.depths, strict=True)
    ]


def memory_rows(account: Memory) -> list[Row]:
    """Return one row per block and the total, in bits and decimal megabytes, as built and at 32 bits."""
    return [_memory_row(row) for row in (*account.rows, account.total)]


def activity_rows(measured: Activity) -> list[Row]:
    """Return one row per block: spike rate, operations per sample, shares of membrane levels and of open neurons."""
    rows = []
    for row in measured.rows:
        values = asdict(row)
        values["levels"] = {str(level): share for level, share in row.levels}
        rows.append(values | {"synops": row.synops})
    return rows


def flops_rows(count: Flops) -> list[Row]:
    """Return one row per block: FLOPs before and behind its gates by the paper's count, and synaptic operations."""
    return [asdict(row) | {"dense": row.dense, "gated": row.gated} for row in count.rows]


def comparison_rows(comparison: Comparison) -> list[Row]:
    """Return one row per block and stream: values compared, mismatches, the first mismatch."""
    return [asdict(row) for row in comparison.rows]


def comparison_summary(comparison: Comparison) -> Row:
    """Return the totals of a comparison."""
    return {
        "samples": comparison.samples,
        "steps": comparison.steps,
        "compared": comparison.compared,
        "spikes_compared": comparison.spikes_compared,
        "mismatches": comparison.mismatches,
        "first": None if comparison.first is None else asdict(comparison.first),
        "equal": comparison.equal,
    }


def accuracy_rows(results: Iterable[Accuracy]) -> list[Row]:
    """Return one row per executor: samples, correct, accuracy, spikes compared and mismatches."""
    return [asdict(result) | {"accuracy": result.accuracy if result.samples else None} for result in results]


def _memory_row(row: MemoryRow) -> Row:
    parts = {"weights": row.weights, "gains": row.gains, "biases": row.biases, "state": row.state, "total": row.total}
    values: Row = {"block": row.name, "neurons": row.neurons, "weight_bits": list(row.weight_bits)}
    for name, part in parts.items():
        values |= {f"{name}_count": part.count, f"{name}_bits": part.bits}
        values |= {f"{name}_mb": part.mb, f"{name}_mb_at_32": part.mb_at_32}
    return values | {
        "ratio": row.ratio,
        "paper_mb": row.paper_mb,
        "paper_mb_at_32": row.paper_mb_at_32,
        "paper_ratio": row.paper_ratio,
    }


def _synapse_text(branch: Branch) -> str:
    """Name a synapse with what sets it apart, in the field's short form: `conv 3x5 /2 p1`."""
    synapse = branch.synapse
    if isinstance(synapse, Conv):
        dilation = f" d{_pair(synapse.dilation)}" if synapse.dilation != (1, 1) else ""
        groups = f" g{synapse.groups}" if synapse.groups > 1 else ""
        return f"conv {_kernel(synapse.kernel, synapse.stride, synapse.padding)}{dilation}{groups}"
    if isinstance(synapse, SumPool):
        stride = synapse.steps if synapse.steps != synapse.kernel else (1, 1)
        return f"sum-pool {_kernel(synapse.kernel, stride, synapse.padding)}"
    return str(synapse.kind)


def _kernel(kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> str:
    text = f"{kernel[0]}x{kernel[1]}"
    text += f" /{_pair(stride)}" if stride != (1, 1) else ""
    return text + (f" p{_pair(padding)}" if padding != (0, 0) else "")


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _source_text(network: Network, branch: Branch) -> str:
    if branch.source == INPUT:
        return "input"
    source = network.blocks[branch.source]
    return source.name if branch.output is None else f"{source.name}.{branch.output}"


def _levels(block: Block) -> int | None:
    membrane = getattr(block.neuron, "membrane", None)
    return None if membrane is None else int(membrane.q_max - membrane.q_min + 1)
