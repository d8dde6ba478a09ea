"""Engine against Lava, both on the same stream."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from common import table
from rich.table import Table

from engine_parts.lava_side import lava_run
from engine_parts.timing import Effort, Row, Runner, alternate, measured, microseconds
from engine_parts.workloads import Workload
from lava_spquant.engine import Engine
from lava_spquant.report.machine import machine

__all__ = ["ENGINE", "against_lava", "engine_runner", "lava_table", "thread_counts"]

ENGINE = "engine"
FREE, PINNED, FUSED = "free", "one core", "fused"

BATCH_SHARE = 4
"""A batch is shown so many times fewer steps per call than one stream."""


def thread_counts() -> tuple[int, ...]:
    """Return 1, and 2 where there are so many cores."""
    return (1, 2) if machine().cores >= 2 else (1,)


def engine_runner(workload: Workload, batch: int, threads: int) -> Runner:
    """Return the engine on the first `batch` streams of a workload."""
    engine = Engine(workload.network, workload.timing, threads=threads)
    steps = len(workload.x) if batch == 1 else max(1, len(workload.x) // BATCH_SHARE)
    x = workload.x[:steps, :batch]
    # A view that repeats one step stays one; other streams are laid out as a caller would hand them in.
    x = x if x.strides[0] == 0 else np.ascontiguousarray(x)
    return Runner(ENGINE, batch, threads, steps, lambda: engine.run(x))


def against_lava(workload: Workload, effort: Effort) -> list[Row]:
    """Check that both sides agree, then let them take turns; one row per executor."""
    batches = (1, effort.batch)
    steps = effort.lava_steps * workload.lava_scale
    label = "lava-dl NetX" if workload.lava_dl else "our Processes"
    with ExitStack() as stack:
        graphs = {
            f"{label}, {FREE}": stack.enter_context(lava_run(workload)),
            f"{label}, {PINNED}": stack.enter_context(lava_run(workload, pinned=True)),
        }
        graphs[f"proc.Network, {FUSED}"] = stack.enter_context(lava_run(workload, fused=True))
        # Pinning changes when a graph runs, not what it is.
        compared = sum(graph.check(workload) for name, graph in graphs.items() if PINNED not in name)
        runners = [Runner(name, 1, 1, steps, lambda graph=graph: graph(steps)) for name, graph in graphs.items()]
        runners += [engine_runner(workload, batch, threads) for batch in batches for threads in thread_counts()]
        rows = [measured(r, t) for r, t in zip(runners, alternate(runners, effort), strict=True)]
    free, pinned = rows[0]["median_us"], rows[1]["median_us"]
    for row in rows:
        row.update(network=workload.name, density=workload.density, states_compared=compared)
        row.update(ratio_free=free / row["median_us"], ratio_pinned=pinned / row["median_us"])
    return rows


def lava_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    columns: tuple[str, ...] = ("network", "input", "executor", "batch", "threads", "median, us", "quartiles, us")
    columns += ("Lava / this", "one core / this")
    cells = (
        (
            row["network"],
            row["density"],
            row["executor"],
            str(row["batch"]),
            str(row["threads"]) if row["executor"] == ENGINE else "",
            microseconds(row["median_us"]),
            f"{microseconds(row['low_us'])} to {microseconds(row['high_us'])}",
            f"{row['ratio_free']:,.1f}",
            f"{row['ratio_pinned']:,.1f}",
        )
        for row in rows
    )
    return table("Time per sample and time step, against Lava on the same stream", columns, cells, text_columns=3)
