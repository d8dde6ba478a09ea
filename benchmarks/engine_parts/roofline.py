"""Synaptic operations per second, and how near that is to what the core can do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import table
from rich.table import Table

from engine_parts.against_lava import engine_runner
from engine_parts.kernels import measure_roof
from engine_parts.timing import Effort, Row, alternate, measured, microseconds
from engine_parts.workloads import Workload
from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.report import activity

__all__ = ["ROOF_TEXT", "roofline", "roofline_table"]

ROOF_TEXT = """\
The roofline, on one thread: a step takes at least additions / peak seconds for its sums and 2 * state / bandwidth
seconds for its state; the longer of the two is the bound, as if they overlapped perfectly. An addition is a spike or
graded value that arrives at a synapse; padding to whole vectors does not count. The peak adds int16 weight rows that
lie in the L1 cache; the bandwidth is that of reading and writing as many bytes in place as the network has state.
Spike lists, gains and whatever else lies between the two are not in the bound.
"""

COUNTED_STEPS = 68
"""Steps over which additions are counted, at most."""


def roofline(workload: Workload, effort: Effort) -> Row:
    """Return time, additions and both bounds of one workload on one thread, one stream."""
    runner = engine_runner(workload, 1, 1)
    row = measured(runner, alternate([runner], effort)[0])
    additions, state_bytes = _additions(workload), _state_bytes(workload.network)
    roof = measure_roof(state_bytes, max(effort.seconds, 0.02))
    for_sums, for_state = 1e6 * additions / roof.additions, 1e6 * 2 * state_bytes / roof.bytes
    row |= {"network": workload.name, "density": workload.density}
    row |= {"additions": additions, "additions_per_second": additions / (1e-6 * row["median_us"])}
    row |= {"state_bytes": state_bytes, "peak_additions_per_second": roof.additions, "bytes_per_second": roof.bytes}
    row |= {"sums_us": for_sums, "state_us": for_state, "fraction": max(for_sums, for_state) / row["median_us"]}
    return row


def _additions(workload: Workload) -> float:
    """Return additions per sample and time step."""
    x = workload.x[:COUNTED_STEPS, :1]
    trace = Engine(workload.network, workload.timing).run(x, record=("outputs", "v"))
    return activity(workload.network, [(x, trace)], workload.timing).synops / len(x)


def _state_bytes(network: ir.Network) -> int:
    states = zip(network.blocks, network.shapes, strict=True)
    return sum(4 * len(block.neuron.state_names) * int(np.prod(shape)) for block, shape in states)


def roofline_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    columns: tuple[str, ...] = (
        "network",
        "input",
        "additions",
        "G/s",
        "peak G/s",
        "state, kB",
        "GB/s",
        "sums, us",
        "state, us",
    )
    columns += ("measured, us", "of bound")
    cells = (
        (
            row["network"],
            row["density"],
            f"{row['additions']:,.0f}",
            f"{row['additions_per_second'] / 1e9:,.1f}",
            f"{row['peak_additions_per_second'] / 1e9:,.0f}",
            f"{row['state_bytes'] / 1e3:,.1f}",
            f"{row['bytes_per_second'] / 1e9:,.0f}",
            f"{row['sums_us']:,.2f}",
            f"{row['state_us']:,.2f}",
            microseconds(row["median_us"]),
            f"{row['fraction']:.1%}",
        )
        for row in rows
    )
    return table("Synaptic operations per step of one stream, on one thread", columns, cells, text_columns=2)
